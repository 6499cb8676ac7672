/** `boxed train`: the two-stage recipe, and problems to train on. */
import { Command } from 'commander';
import { trainDataCommand } from './trainData.js';
import { trainGrpoCommand } from './trainGrpo.js';
import { trainSftCommand } from './trainSft.js';

export function trainCommand(): Command {
  return new Command('train')
    .summary('Train a small checkpoint: supervised, then by rewards')
    .description(
      'Train a checkpoint on the CPU: first on worked solutions, which raises accuracy, then by rewards, which shortens what it writes.',
    )
    .addCommand(trainSftCommand())
    .addCommand(trainGrpoCommand())
    .addCommand(trainDataCommand());
}
