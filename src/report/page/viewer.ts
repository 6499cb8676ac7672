/** The reader of samples: an empty dialog, the catalogue and volumes that its script fills it from, and that script. */
import type { Score } from '../../score/score.js';
import type { Library } from '../texts/library.js';
import type { Catalogue } from '../texts/wire.js';
import { visibleLine } from '../visible.js';
import { scriptJson } from './escape.js';
import { type PageScript, readScript } from './script.js';

const DIALOG = `<dialog id="viewer" aria-labelledby="viewer-title">
<div class="viewer">
<header>
<div><h2 id="viewer-title"></h2><p id="viewer-place" class="faint"></p></div>
<div class="buttons"><button type="button" id="viewer-previous" aria-label="Previous problem">‹</button><button type="button" id="viewer-next" aria-label="Next problem">›</button><button type="button" id="viewer-close" aria-label="Close">×</button></div>
</header>
<details id="viewer-problem" open><summary>Problem</summary><p id="viewer-problem-text"></p></details>
<div id="viewer-runs" class="tabs" role="tablist" aria-label="Run"></div>
<div id="viewer-samples" class="tabs" role="tablist" aria-label="Sample"></div>
<div id="viewer-panel" role="tabpanel" tabindex="0" aria-label="Sample"></div>
</div>
</dialog>`;

/** The dialog with all that it needs. @throws when the program was not built */
export async function drawViewer(
  scores: readonly Score[],
  labels: readonly string[],
  ids: readonly string[],
  library: Library,
): Promise<PageScript> {
  const { html, hash } = await readScript('viewer');
  const volumes = library.volumes.map(
    (volume, position) =>
      `<script type="application/octet-stream" id="volume-${position}">${volume}</script>`,
  );
  const parts = [
    DIALOG,
    `<script type="application/json" id="catalogue">${scriptJson(catalogueOf(scores, labels, ids, library))}</script>`,
    ...volumes,
    html,
  ];
  return { html: parts.join('\n'), hash };
}

function catalogueOf(
  scores: readonly Score[],
  labels: readonly string[],
  ids: readonly string[],
  { shelf, problemVolume }: Library,
): Catalogue {
  return {
    runs: labels.map(visibleLine),
    problems: ids.map(visibleLine),
    counts: scores.map(({ byProblem }) => {
      const counts = new Map(byProblem.map(({ id, right, samples }) => [id, `${right}/${samples}`]));
      return ids.map((id) => counts.get(id) ?? '');
    }),
    handedIn: scores.map(({ submission }) => {
      const right = new Set(submission.rightIds);
      return ids.map((id) => right.has(id));
    }),
    shelf,
    problemVolume,
  };
}
