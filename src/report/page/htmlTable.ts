/** Tables of the page. */
import type { Column, RowGroup, Table } from '../table.js';
import { escapeHtml } from './escape.js';

/** Longer tables start folded: they repeat a plot in numbers. */
const ROWS_UNFOLDED = 12;
/** Tables with no more columns than this stand beside another block where there is room. */
const COLUMNS_OF_HALF = 4;

export function htmlTable({ title, note, columns, groups }: Table): string {
  const bodies = groups.map((group) => `<tbody>${groupRows(group, columns)}</tbody>`).join('\n');
  const rows = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const width = columns.length <= COLUMNS_OF_HALF ? 'half' : 'wide';
  return `<details class="${width}"${rows <= ROWS_UNFOLDED ? ' open' : ''}><summary><h2>${escapeHtml(title)}</h2></summary>
${scrolling(title, `<table><thead><tr>${columns.map(headCell).join('')}</tr></thead>\n${bodies}</table>`)}
${paragraph(note)}</details>`;
}

export function paragraph(text: string, kind = 'note'): string {
  return `<p class="${kind}">${escapeHtml(text)}</p>`;
}

/** A focusable container, so that a keyboard can scroll it. */
export function scrolling(label: string, content: string): string {
  return `<div class="scroll" role="region" aria-label="${escapeHtml(label)}" tabindex="0">${content}</div>`;
}

export function headCell({ head, align }: Column): string {
  return `<th scope="col"${align === 'left' ? ' class="left"' : ''}>${escapeHtml(head)}</th>`;
}

export function bodyCell(text: string, isLeft: boolean): string {
  return `<td${isLeft ? ' class="left"' : ''}>${escapeHtml(text)}</td>`;
}

function groupRows({ head, rows }: RowGroup, columns: readonly Column[]): string {
  return rows
    .map((cells, position) => {
      const scope = rows.length > 1 ? `scope="rowgroup" rowspan="${rows.length}"` : 'scope="row"';
      const first = position === 0 ? `<th ${scope}>${escapeHtml(head)}</th>` : '';
      const others = cells.map((cell, column) => bodyCell(cell, columns[column + 1]!.align === 'left'));
      return `<tr>${first}${others.join('')}</tr>`;
    })
    .join('');
}
