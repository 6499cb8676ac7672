#!/usr/bin/env node
/** The command line: one file per command, one place where errors are printed. */
import { Command, CommanderError } from 'commander';
import { BoxedError, UsageError } from '../errors.js';
import { VERSION } from '../version.js';
import { auditCommand, NoVerdict } from './audit.js';
import { benchCommand } from './bench.js';
import { compareCommand } from './compare.js';
import { difficultyCommand } from './difficulty.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { extractCommand } from './extract.js';
import { generateCommand } from './generate.js';
import { reportCommand } from './report.js';
import { revoteCommand } from './revote.js';
import { scoreCommand } from './score.js';
import { sealCommand } from './seal.js';
import { simulateCommand } from './simulate.js';
import { trainCommand } from './train.js';

/** Exit statuses: wrong use, and failure while running. */
const WRONG_USE = 2;
const FAILURE = 1;

const program = new Command('boxed')
  .description(
    'Solve and score olympiad problems offline: checkpoints to ONNX, parallel samples, votes, scores.',
  )
  .version(VERSION)
  .showHelpAfterError('(--help lists what there is)')
  .addHelpText('after', '\nEvery command has --help with an example. Start here:\n  $ make evaluate\n')
  .addCommand(evaluateCommand())
  .addCommand(scoreCommand())
  .addCommand(sealCommand())
  .addCommand(compareCommand())
  .addCommand(reportCommand())
  .addCommand(revoteCommand())
  .addCommand(exportCommand())
  .addCommand(generateCommand())
  .addCommand(extractCommand())
  .addCommand(simulateCommand())
  .addCommand(difficultyCommand())
  .addCommand(auditCommand())
  .addCommand(trainCommand())
  .addCommand(benchCommand())
  .addCommand(doctorCommand());

const commands = program.commands.flatMap((command) => [command, ...command.commands]);
for (const command of commands) command.option('--debug', 'print stack traces of errors');
for (const command of [program, ...commands]) command.exitOverride();

// A reader that has seen enough, such as `| head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof NoVerdict) {
    report(error.cause);
    return WRONG_USE;
  }
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
  const debug = process.argv.includes('--debug');
  if (error instanceof BoxedError) {
    process.stderr.write(`\n${error.name}: ${error.message}\n  ${error.hint}\n`);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `\nUnexpected error: ${message}\n  Run with --debug for where it came from, and report it.\n`,
    );
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof UsageError ? WRONG_USE : FAILURE;
}
