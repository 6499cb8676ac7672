/** A replay of votes as text for a terminal. */
import type { Revote, RuleReplay } from '../score/revote.js';
import { SUBSETS } from '../score/voteAtK.js';
import { ABSENT, percentWithInterval } from './format.js';
import { leftColumn, rightColumn, type Table } from './table.js';
import { drawTable, type TerminalOptions } from './terminal.js';

/** Problems shown on which the rules differ. */
const MOST_DIFFERENCES = 20;
/** Characters of an answer that are shown. */
const MOST_CHARACTERS = 24;

export function renderRevote(replay: Revote, options: TerminalOptions): string {
  const { rules, modelName, problemSet, ownRule, problems, samples } = replay;
  const tables = [
    handedInTable(replay),
    ...(rules.some(({ byVotes }) => byVotes.length > 0) ? [atKTable(rules)] : []),
    ...(differing(rules).length > 0 ? [differenceTable(rules)] : []),
  ];
  const head = `${modelName} on ${problemSet}: ${problems} problems, ${samples} samples, voted by ${ownRule}`;
  return `${[head, ...tables.map((table) => drawTable(table, options))].join('\n\n')}\n`;
}

function handedInTable({ rules, problems, ownRule }: Revote): Table {
  return {
    title: 'Answers handed in',
    note: `changed: answers that are not those of ${ownRule}; no vote: problems answered by the fallback; right: in per cent [95% interval over problems].`,
    columns: [
      leftColumn('vote'),
      rightColumn('changed'),
      rightColumn('no vote'),
      rightColumn('handed in'),
      rightColumn('right [95%]'),
    ],
    groups: rules.map(({ rule, changed, fallbacks, right, accuracy }) => ({
      head: rule,
      rows: [
        [
          String(changed),
          String(fallbacks),
          right === null ? ABSENT : `${right}/${problems}`,
          accuracy === null ? ABSENT : percentWithInterval(accuracy),
        ],
      ],
    })),
  };
}

function atKTable(rules: readonly RuleReplay[]): Table {
  return {
    title: 'Accuracy of a vote over k samples',
    note: `Per cent [95% interval over problems]. Plurality over every subset, ties shared; the others over every subset where there are no more than ${SUBSETS}, else over ${SUBSETS} drawn ones, whose Monte Carlo standard error is in points.`,
    columns: [
      leftColumn('vote'),
      rightColumn('k'),
      rightColumn('accuracy [95%]'),
      rightColumn('Monte Carlo error'),
    ],
    groups: rules.map(({ rule, byVotes }) => ({
      head: rule,
      rows: byVotes.map(({ k, accuracy, monteCarloError }) => [
        String(k),
        percentWithInterval(accuracy),
        monteCarloError === 0 ? 'exact' : (100 * monteCarloError).toFixed(2),
      ]),
    })),
  };
}

function differenceTable(rules: readonly RuleReplay[]): Table {
  const rows = differing(rules);
  const left = rows.length - MOST_DIFFERENCES;
  return {
    title: 'Problems on which the votes differ',
    note: left > 0 ? `${left} more; --json has all answers.` : 'All of them.',
    columns: [leftColumn('problem'), ...rules.map(({ rule }) => rightColumn(rule))],
    groups: rows.slice(0, MOST_DIFFERENCES).map(({ id, answers }) => ({ head: id, rows: [answers] })),
  };
}

function differing(rules: readonly RuleReplay[]) {
  const first = rules[0]?.answers ?? [];
  return first.flatMap(([id], at) => {
    const answers = rules.map((rule) => rule.answers[at]![1].slice(0, MOST_CHARACTERS));
    return new Set(rules.map((rule) => rule.answers[at]![1])).size > 1 ? [{ id, answers }] : [];
  });
}
