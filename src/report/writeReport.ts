/** Writes the HTML report of runs. */
import type { Problem } from '../core.js';
import { writeAtomically } from '../files.js';
import { readProblems } from '../problems/problemSet.js';
import type { Comparison } from '../score/comparison.js';
import { OtherProblemsError } from './errors.js';
import { problemsOfPage, renderHtml } from './page/html.js';
import type { ReportOptions } from './sections.js';
import { bindLibrary } from './texts/library.js';

export interface WriteReportOptions extends ReportOptions {
  /** Problem set folder or file whose texts are to be shown; they must be those of the runs. */
  readonly problems?: string;
}

/**
 * Writes `file` with the texts of the runs in `folders`, which belong to the scores of `comparison` in turn, and the trainings.
 * @throws OtherProblemsError, FileAccessError, and what reading runs and problems throws
 */
export async function writeReport(
  file: string,
  comparison: Comparison,
  folders: readonly string[],
  { problems, ...options }: WriteReportOptions = {},
): Promise<void> {
  const { scores } = comparison;
  const texts = problems === undefined ? null : await problemTexts(problems, comparison);
  const runs = scores.map((score, position) => ({ score, folder: folders[position]! }));
  const library = await bindLibrary(runs, problemsOfPage(scores), texts);
  await writeAtomically(file, await renderHtml(comparison, library, options));
}

async function problemTexts(path: string, { scores }: Comparison): Promise<readonly Problem[]> {
  const { digest, file, problems } = await readProblems(path);
  const other = scores.find(({ digests }) => digests.problems !== digest);
  if (other)
    throw new OtherProblemsError(
      `these are not the problems that ${other.name} was made on, ${other.problemSet}`,
      'Give the problem set of the runs; `digests.problems` in run.json tells the sets apart.',
      { file },
    );
  return problems;
}
