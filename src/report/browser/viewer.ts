/**
 * What a report does in a browser: opens samples on demand and sorts the problems. Whatever comes out of
 * a journal is put into the page as text, never as HTML.
 */
import type { Card, CardOutcome, Catalogue, VolumeEntry } from '../texts/wire.js';

type SampleTab = Pick<Card, 'index' | 'outcome'>;

const SIGNS: Readonly<Record<CardOutcome, string>> = { right: '✓', wrong: '✗', silent: '–', cancelled: '·' };
const OUTCOMES: Readonly<Record<CardOutcome, string>> = {
  right: 'right',
  wrong: 'wrong',
  silent: 'no answer',
  cancelled: 'cancelled',
};
const FINISHES: Readonly<Record<Card['finish'], string>> = {
  stop: 'stopped by itself',
  length: 'cut by the token limit',
  deadline: 'cut by the deadline',
  cancelled: 'cancelled by an early stop, counts in no average',
  loop: 'cut in a loop',
  error: 'ended in an error',
};

function element<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page lacks #${id}`);
  return found;
}

const catalogue: Catalogue = JSON.parse(element('catalogue', HTMLScriptElement).text);
const dialog = element('viewer', HTMLDialogElement);
const grid = element('heat', HTMLElement);
const runTabs = element('viewer-runs', HTMLElement);
const sampleTabs = element('viewer-samples', HTMLElement);
const panel = element('viewer-panel', HTMLElement);
const rows = (): HTMLElement[] => [...grid.querySelectorAll<HTMLElement>('.row')];

/** Volumes that have been opened. */
const opened = new Map<number, Promise<string>>();

/** The JSON of a volume. */
function open(volume: number): Promise<string> {
  const known = opened.get(volume);
  if (known) return known;
  const packed = atob(element(`volume-${volume}`, HTMLScriptElement).text);
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const text = new Response(stream).text();
  opened.set(volume, text);
  return text;
}

async function cardsOf(run: number, problem: number): Promise<readonly Card[]> {
  const volume = catalogue.shelf[run]?.[problem] ?? -1;
  if (volume < 0) return [];
  const entries: VolumeEntry[] = JSON.parse(await open(volume));
  return entries.find(([ofRun, ofProblem]) => ofRun === run && ofProblem === problem)?.[2] ?? [];
}

/** What the viewer shows. */
let shown = { run: 0, problem: 0 };

async function show(run: number, problem: number): Promise<void> {
  shown = { run, problem };
  const place = rows().findIndex((row) => Number(row.dataset.problem) === problem);
  element('viewer-title', HTMLElement).textContent = catalogue.problems[problem] ?? '';
  element('viewer-place', HTMLElement).textContent =
    `${place + 1} of ${catalogue.problems.length}; answer handed in by ${catalogue.runs[run]}: ${catalogue.handedIn[run]?.[problem] ? 'right' : 'wrong'}`;
  element('viewer-previous', HTMLButtonElement).disabled = place <= 0;
  element('viewer-next', HTMLButtonElement).disabled = place >= catalogue.problems.length - 1;
  fillTabs(
    runTabs,
    catalogue.runs.map((label, position) => ({
      label: `${label} ${catalogue.counts[position]?.[problem] || 'no samples'}`,
      name: `run-tab-${position}`,
    })),
    run,
    (position) => void show(position, shown.problem),
  );
  const isOpening = !dialog.open;
  if (isOpening) dialog.showModal();
  await showProblem(problem);
  const cards = await cardsOf(run, problem).catch((error: unknown) => failure(error));
  // Meanwhile something else may have been asked for.
  if (shown.run !== run || shown.problem !== problem) return;
  if (cards === null) return;
  fillTabs(sampleTabs, cards.map(sampleTab), 0, (position) => showCard(cards[position]));
  showCard(cards[0]);
  if (isOpening) sampleTabs.querySelector('button')?.focus();
}

async function showProblem(problem: number): Promise<void> {
  const { problemVolume } = catalogue;
  const holder = element('viewer-problem', HTMLElement);
  holder.hidden = problemVolume === null;
  if (problemVolume === null) return;
  const texts: string[] = JSON.parse(await open(problemVolume));
  element('viewer-problem-text', HTMLElement).textContent = texts[problem] ?? '';
}

function failure(error: unknown): null {
  sampleTabs.replaceChildren();
  panel.replaceChildren(
    paragraph(`The samples cannot be unpacked: ${String(error)}. A browser of 2023 or newer can.`),
  );
  return null;
}

function sampleTab({ index, outcome }: SampleTab): Tab {
  return {
    label: `${index} ${SIGNS[outcome]}`,
    spoken: `sample ${index}, ${OUTCOMES[outcome]}`,
    name: outcome,
  };
}

function showCard(card: Card | undefined): void {
  if (!card) {
    panel.replaceChildren(paragraph('This run has no sample of this problem.'));
    return;
  }
  const text = document.createElement('pre');
  for (const piece of card.pieces) {
    if ('left' in piece) {
      const gap = document.createElement('span');
      gap.className = 'gap';
      gap.textContent = `… ${piece.left.toLocaleString('en-US')} characters left out; samples.jsonl has them …`;
      text.append(gap);
    } else if (piece.isAnswer) {
      const mark = document.createElement('mark');
      mark.className = card.outcome;
      mark.textContent = piece.text;
      text.append(mark);
    } else text.append(piece.text);
  }
  panel.replaceChildren(paragraph(factsOf(card).join(' · ')), text);
  panel.scrollTop = 0;
}

function factsOf(card: Card): string[] {
  const { answer, outcome, rule, warning, forced, tokens, answerEnd, finish, seconds } = card;
  return [
    answer === null ? 'no answer' : `answer ${answer}, ${OUTCOMES[outcome]}`,
    ...(forced === null ? [] : [`forced to answer ${forced}`]),
    ...(answer === null ? [] : [`found by ${rule}`]),
    ...(warning === null ? [] : [warning]),
    `${tokens.toLocaleString('en-US')} tokens${answerEnd === null ? '' : `, the answer stood after ${answerEnd.toLocaleString('en-US')}`}`,
    FINISHES[finish],
    `${seconds.toFixed(2)} s`,
  ];
}

function paragraph(text: string): HTMLElement {
  const made = document.createElement('p');
  made.className = 'faint';
  made.textContent = text;
  return made;
}

interface Tab {
  readonly label: string;
  /** What a screen reader says instead of the label. */
  readonly spoken?: string;
  /** Class of the button. */
  readonly name: string;
}

/** Fills a list of tabs: keys to the sides move in it and select, up and down change the problem. The focus stays in a list that had it. */
function fillTabs(
  list: HTMLElement,
  tabs: readonly Tab[],
  selected: number,
  select: (position: number) => void,
): void {
  const hadFocus = list.contains(document.activeElement);
  const buttons = tabs.map(({ label, spoken, name }) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = name;
    button.textContent = label;
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-controls', 'viewer-panel');
    if (spoken) button.setAttribute('aria-label', spoken);
    return button;
  });
  const mark = (position: number): void => {
    buttons.forEach((button, other) => {
      button.setAttribute('aria-selected', String(other === position));
      button.tabIndex = other === position ? 0 : -1;
    });
  };
  buttons.forEach((button, position) => {
    button.addEventListener('click', () => {
      mark(position);
      select(position);
    });
  });
  list.onkeydown = (event) => {
    const vertical = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (vertical !== undefined) {
      event.preventDefault();
      step(vertical);
      return;
    }
    const from = buttons.findIndex((button) => button.contains(document.activeElement));
    const to = from < 0 ? null : moved(event.key, from, buttons.length);
    if (to === null) return;
    event.preventDefault();
    buttons[to]?.focus();
    buttons[to]?.click();
  };
  mark(selected);
  list.replaceChildren(...buttons);
  if (hadFocus) buttons[selected]?.focus();
}

/** Where an arrow key leads in a list; `null` for other keys. */
function moved(key: string, from: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: Math.max(0, from - 1),
    ArrowRight: Math.min(count - 1, from + 1),
    Home: 0,
    End: count - 1,
  };
  return Object.hasOwn(steps, key) ? (steps[key] ?? null) : null;
}

function step(by: number): void {
  const all = rows();
  const place = all.findIndex((row) => Number(row.dataset.problem) === shown.problem);
  const target = all[place + by];
  if (target) void show(shown.run, Number(target.dataset.problem));
}

/** The cell that the tab key reaches. */
function reach(cell: HTMLElement | undefined): void {
  if (!cell) return;
  for (const other of grid.querySelectorAll<HTMLElement>('.cell[tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
}

function cellsOf(row: Element | undefined): HTMLElement[] {
  return row ? [...row.querySelectorAll<HTMLElement>('.cell')] : [];
}

grid.addEventListener('click', ({ target }) => {
  const cell = target instanceof Element ? target.closest<HTMLElement>('.cell') : null;
  const row = cell?.closest<HTMLElement>('.row');
  if (!cell || !row) return;
  reach(cell);
  void show(Number(cell.dataset.run), Number(row.dataset.problem));
});

grid.addEventListener('keydown', (event) => {
  const cell = document.activeElement;
  const row = cell?.closest<HTMLElement>('.row');
  if (!(cell instanceof HTMLElement) || !row) return;
  const column = cellsOf(row).indexOf(cell);
  const all = rows();
  const place = all.indexOf(row);
  const vertical = { ArrowUp: place - 1, ArrowDown: place + 1 }[event.key];
  const next =
    vertical === undefined
      ? cellsOf(row)[moved(event.key, column, cellsOf(row).length) ?? -1]
      : cellsOf(all[vertical])[column];
  if (!next) return;
  event.preventDefault();
  reach(next);
  next.focus();
});

const sort = element('heat-sort', HTMLSelectElement);
sort.addEventListener('change', () => {
  const key = sort.value;
  const order = (row: HTMLElement): number => Number(row.dataset[key]);
  grid.append(...rows().sort((a, b) => order(a) - order(b)));
});
element('heat-controls', HTMLElement).hidden = false;
reach(cellsOf(rows()[0])[0]);

element('viewer-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
element('viewer-previous', HTMLButtonElement).addEventListener('click', () => step(-1));
element('viewer-next', HTMLButtonElement).addEventListener('click', () => step(1));
// A click beside the dialog is one on its backdrop, which belongs to it.
dialog.addEventListener('click', ({ target }) => {
  if (target === dialog) dialog.close();
});
