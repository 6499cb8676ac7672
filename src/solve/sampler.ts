/** The part of the engine that solving needs. */
import type { Engine } from '../engine/engine.js';

export type Sampler = Pick<Engine, 'generate' | 'cancel'> & {
  readonly limits: Pick<Engine['limits'], 'maxPositions'>;
};
