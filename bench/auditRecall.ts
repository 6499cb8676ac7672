/**
 * What the audit finds of edited problems, and of unrelated ones: `node dist/bench/auditRecall.js [SET…]`. Every other problem of
 * a set is audited; the others, of the same families and with the same boilerplate, are what must not be found. Prints a table of
 * Markdown for each set: per cent of the edited texts in which each matcher finds its problem. MinHash, which the audit does not
 * use, stands beside it: the share for which the bands of signatures would have proposed what counting found.
 */

import { LEVELS, type Level, type TextFind } from '../src/audit/levels.js';
import { indexProblems, type ProblemIndex } from '../src/audit/problemIndex.js';
import { RunMatcher } from '../src/audit/runMatcher.js';
import { SkeletonMatcher } from '../src/audit/skeletonMatcher.js';
import { TextMatcher } from '../src/audit/textMatcher.js';
import { Tokens } from '../src/audit/tokens.js';
import { WordMatcher } from '../src/audit/wordMatcher.js';
import { wordSetOf } from '../src/audit/wordSets.js';
import type { Problem } from '../src/core.js';
import { readProblems } from '../src/problems/problemSet.js';
import { Random } from '../src/simulate/random.js';
import { BandIndex, signatureOf } from './minHash.js';
import { EDITS, type Edit } from './textEdits.js';

const sets =
  process.argv.length > 2 ? process.argv.slice(2) : ['problems/pebble', 'bench/auditProblems.jsonl'];
/** Draws of each edit that differs from draw to draw. */
const DRAWS = 10;
const COLUMNS = [...LEVELS, 'MinHash', 'any way'] as const;
type Column = (typeof COLUMNS)[number];

/** Each matcher by itself: the audit leaves out what a stronger way of being found says already. */
class Matchers {
  readonly #tokens = new Tokens();
  readonly #index: ProblemIndex;
  readonly #runs: RunMatcher;
  readonly #skeletons: SkeletonMatcher;
  readonly #words: WordMatcher;
  readonly #all: TextMatcher;
  readonly #bands: readonly BandIndex[];

  constructor(problems: readonly Problem[]) {
    const index = indexProblems([{ name: '', problems }]);
    this.#index = index;
    this.#runs = new RunMatcher(index);
    this.#skeletons = new SkeletonMatcher(index);
    this.#words = new WordMatcher(index);
    this.#all = new TextMatcher(index);
    this.#bands = index.entries.map(({ tokens }) => {
      const bands = new BandIndex();
      bands.add(signatureOf(wordSetOf(tokens, 0, tokens.count)), 0);
      return bands;
    });
  }

  /** Entry of a problem of the audited set. */
  entryOf(problem: number): number {
    return this.#index.entryOfProblem[0]![problem]!;
  }

  /** The columns in which a text counts as a copy of one problem, or of any where `entry` is null. */
  match(text: string, entry: number | null): Set<Column> {
    this.#tokens.read(text);
    const own = (finds: readonly TextFind[]) =>
      finds.filter((find) => entry === null || find.entry === entry);
    const found = new Set<Column>();
    for (const find of own(this.#runs.match(this.#tokens)))
      for (const level of find.level === 'exact' ? this.#levelsOfCopy(find.entry) : [find.level])
        found.add(level);
    for (const { level } of own(this.#skeletons.match(this.#tokens))) found.add(level);
    for (const find of own(this.#words.match(this.#tokens))) {
      found.add(find.level);
      const signature = signatureOf(wordSetOf(this.#tokens, find.from, find.to));
      if (this.#bands[find.entry]!.candidates(signature).size > 0) found.add('MinHash');
    }
    if (own(this.#all.match(text)).length > 0) found.add('any way');
    return found;
  }

  /** A whole problem has all its n-grams, if any of them tells it from others. */
  #levelsOfCopy(entry: number): Level[] {
    const { distinctLong, distinctShort } = this.#index.entries[entry]!;
    const levels: Level[] = ['exact'];
    if (distinctShort.includes(1)) levels.push('8-gram');
    if (distinctLong.includes(1)) levels.push('13-gram');
    return levels;
  }
}

function* editedTexts(problem: Problem, edit: Edit, vocabulary: readonly string[]): Generator<string> {
  for (let draw = 0; draw < (edit.isRandom ? DRAWS : 1); draw += 1)
    yield edit.apply(problem.text, new Random(EDITS.indexOf(edit), draw, problem.text.length), vocabulary);
}

function row(name: string, texts: number, counts: ReadonlyMap<Column, number>): string {
  const cells = COLUMNS.map((column) => {
    const share = (counts.get(column) ?? 0) / texts;
    return share > 0 && share < 0.01 ? (100 * share).toFixed(2) : (100 * share).toFixed(0);
  });
  return `| ${[name, ...cells].join(' | ')} |\n`;
}

function count(counts: Map<Column, number>, columns: ReadonlySet<Column>): void {
  for (const column of columns) counts.set(column, (counts.get(column) ?? 0) + 1);
}

for (const path of sets) {
  const { name, problems } = await readProblems(path);
  const audited = problems.filter((_, at) => at % 2 === 0);
  const others = problems.filter((_, at) => at % 2 === 1);
  const vocabulary = problems.flatMap(
    ({ text }) => text.replace(/\$[^$]*\$/g, ' ').match(/[A-Za-z]{2,}/g) ?? [],
  );
  const matchers = new Matchers(audited);
  process.stdout.write(`\n${name}: ${audited.length} problems audited, ${others.length} unrelated ones\n\n`);
  process.stdout.write(`| edit | ${COLUMNS.join(' | ')} |\n|---|${'--:|'.repeat(COLUMNS.length)}\n`);
  for (const edit of EDITS) {
    const counts = new Map<Column, number>();
    let texts = 0;
    for (const [at, problem] of audited.entries())
      for (const text of editedTexts(problem, edit, vocabulary)) {
        texts += 1;
        count(counts, matchers.match(text, matchers.entryOf(at)));
      }
    process.stdout.write(row(edit.name, texts, counts));
  }
  const counts = new Map<Column, number>();
  let texts = 0;
  for (const problem of others)
    for (const edit of EDITS)
      for (const text of editedTexts(problem, edit, vocabulary)) {
        texts += 1;
        count(counts, matchers.match(text, null));
      }
  process.stdout.write(row(`*unrelated, ${texts} texts*`, texts, counts));
}
