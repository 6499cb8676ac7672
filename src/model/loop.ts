/** The loop layout: one ONNX `Loop` whose body is a decoder step with sampling inside. Serves prefill and decode. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { Graph, type Value } from '../onnx/graph.js';
import { ELEMENT_TYPES } from '../onnx/schema.js';
import { buildHead, buildLayers, type Parameters } from './decoder.js';
import {
  BLOCK_LENGTH,
  blockKeys,
  blockValues,
  buildLoopAttention,
  buildVisibility,
  frozenKeys,
  frozenValues,
  localKeys,
  localValues,
  loopRotary,
  sharedKeys,
  sharedValues,
} from './loopAttention.js';
import { buildPartIndex, type KeysValues, turnsBlockValues } from './loopParts.js';
import { buildSampling } from './sampling.js';

/** Values that the loop carries before the caches: tokens, positions, done, cut, recent, local positions. */
const CARRIED = 6;

export interface LoopOptions {
  /** Adds the output `logits [n, R, vocabSize]`; for checks, since it is copied to the host. */
  readonly logits?: boolean;
}

/**
 * Builds the graph. `B` rows, `P` tokens a row in the first iteration (1 afterwards), `S` frozen positions, `K` blocks of
 * `L` positions, `G` prompts of up to `C` positions that up to `M` rows share, `N` steps, `R` draws a step: one for each row, or any
 * number where there is one step.
 *
 * Inputs: `steps` (at most), `tokens [B,P]`, `positions [B,P]` (-1: padding), `draws [R]`: after which of
 * the tokens, counted through the rows, something is drawn; `frozen_positions [B,S]` (-1: empty),
 * per layer `frozen_keys.i` and `frozen_values.i [B,kvHeads,1,S,D]`; `block_rows [K]`, the row of each block, and
 * `block_table [B,W]`, the blocks of each row (-1: no more), per layer `block_keys.i` and `block_values.i
 * [K,kvHeads,1,L,D]` (values `[K,kvHeads,1,D,L]` if `turnsBlockValues`), visible to their row wherever it stands; `shared_positions [G,C]` (-1: padding), `shared_rows [G,M]`, the rows of each
 * shared prompt (any row where there are fewer), and `shared_table [B,V]` with `V <= 1`, the place of each row among those (-1: none), per
 * layer `shared_keys.i` and `shared_values.i [G,kvHeads,C,D]`, visible to those rows wherever they stand; `uniform [N,R]`; `temperature`, `top_p`, `min_p`,
 * `top_k`, `greedy`, `penalty` `[R,1]`; `penalised`, and if true `history [R,H]`, the tokens a row holds; `candidates [1]`;
 * `stop_tokens [R,E]` (-1: none); `remaining [R]`: tokens a row may still draw; `min_active`: the loop ends once fewer rows are
 * still drawing.
 * Outputs: `drawn [n,R]` with `n <= N` steps done, -1 for a row that had ended; `logprobs [n,R]`; `cut [R]`: the last
 * step of that row must be redone with more candidates; per layer `local_keys.i`, `local_values.i [B,kvHeads,1,P+n-1,D]`.
 */
export function buildLoop(config: DecoderConfig, parameters: Parameters, options: LoopOptions = {}): Graph {
  const outer = new Graph('boxed');
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  const cacheShape = (count: string, length: string | number) => [
    count,
    config.kvHeads,
    1,
    length,
    config.headDim,
  ];
  const steps = outer.input('steps', 'int64', []);
  const tokens = outer.input('tokens', 'int64', ['B', 'P']);
  const positions = outer.input('positions', 'int64', ['B', 'P']);
  const draws = outer.input('draws', 'int64', ['R']);
  const frozenPositions = outer.input('frozen_positions', 'int64', ['B', 'S']);
  const wide = (x: Value) => outer.op('Cast', [x], { attributes: { to: ELEMENT_TYPES.float64 } });
  const uniform = wide(outer.input('uniform', 'float32', ['N', 'R']));
  const perDraw = (name: string, type: 'float32' | 'int64' | 'bool') => outer.input(name, type, ['R', 1]);
  const temperature = perDraw('temperature', 'float32');
  const topP = wide(perDraw('top_p', 'float32'));
  const minP = wide(perDraw('min_p', 'float32'));
  const topK = perDraw('top_k', 'int64');
  const greedy = perDraw('greedy', 'bool');
  const penalty = perDraw('penalty', 'float32');
  const penalised = outer.input('penalised', 'bool', []);
  const history = outer.input('history', 'int64', ['R', 'H']);
  const candidates = outer.input('candidates', 'int64', [1]);
  const stopTokens = outer.input('stop_tokens', 'int64', ['R', 'E']);
  const remaining = outer.input('remaining', 'int64', ['R']);
  const minActive = outer.input('min_active', 'int64', []);
  const frozen = layers.map((layer) => ({
    keys: outer.input(frozenKeys(layer), 'float32', cacheShape('B', 'S')),
    values: outer.input(frozenValues(layer), 'float32', cacheShape('B', 'S')),
  }));
  const index = buildPartIndex(outer, {
    blockRows: outer.input('block_rows', 'int64', ['K']),
    blockTable: outer.input('block_table', 'int64', ['B', 'W']),
    sharedRows: outer.input('shared_rows', 'int64', ['G', 'M']),
    sharedTable: outer.input('shared_table', 'int64', ['B', 'V']),
    sharedPositions: outer.input('shared_positions', 'int64', ['G', 'C']),
  });
  const isTurned = turnsBlockValues(config);
  const blockShape = ['K', config.kvHeads, 1];
  const sharedShape = ['G', config.kvHeads, 'C', config.headDim];
  const parts = layers.map((layer) => ({
    index,
    blocks: {
      keys: outer.input(blockKeys(layer), 'float32', [...blockShape, BLOCK_LENGTH, config.headDim]),
      values: outer.input(blockValues(layer), 'float32', [
        ...blockShape,
        ...(isTurned ? [config.headDim, BLOCK_LENGTH] : [BLOCK_LENGTH, config.headDim]),
      ]),
      isTurned,
    },
    shared: {
      keys: outer.input(sharedKeys(layer), 'float32', sharedShape),
      values: outer.input(sharedValues(layer), 'float32', sharedShape),
    },
  }));
  const rotary = loopRotary(outer, config);
  const first = outer.int64([0]);
  const ranks = outer.op('Range', [outer.int64(0), outer.op('Squeeze', [candidates, first]), outer.int64(1)]);

  const isTempered = outer.op('Not', [outer.op('Equal', [temperature, outer.float32(1)])]);
  const tempered = outer.op('ReduceMax', [outer.op('Cast', [isTempered], { attributes: { to: 7 } })], {
    attributes: { keepdims: 0 },
  });
  const isChanged = outer.op('Or', [penalised, outer.op('Cast', [tempered], { attributes: { to: 9 } })]);
  const plain = outer.op('Not', [isChanged]);

  const body = new Graph('step', outer);
  const iteration = body.input('iteration', 'int64', []);
  body.input('go_on', 'bool', []);
  const newTokens = body.input('step_tokens', 'int64', ['B', 'T']);
  const newPositions = body.input('step_positions', 'int64', ['B', 'T']);
  const done = body.input('step_done', 'bool', ['R']);
  body.input('step_cut', 'bool', ['R']);
  const recent = body.input('step_recent', 'int64', ['R', 'd']);
  const oldPositions = body.input('step_local_positions', 'int64', ['B', 't']);
  const local = layers.map((layer) => ({
    keys: body.input(`step_${localKeys(layer)}`, 'float32', cacheShape('B', 't')),
    values: body.input(`step_${localValues(layer)}`, 'float32', cacheShape('B', 't')),
  }));

  const localPositions = body.op('Concat', [oldPositions, newPositions], { attributes: { axis: 1 } });
  const seen = buildVisibility(body, config, frozenPositions, localPositions, newPositions);
  const grown: KeysValues[] = [];
  const residual = buildLayers(
    body,
    config,
    parameters,
    (layer, qkv) => {
      const cache = { parts: parts[layer]!, frozen: frozen[layer]!, local: local[layer]! };
      const attended = buildLoopAttention(body, config, seen, rotary, cache, qkv);
      grown.push(attended.local);
      return attended.context;
    },
    newTokens,
    2,
  );
  const flat = (x: Value, ...width: number[]) => body.op('Reshape', [x, body.int64([-1, ...width])]);
  const drawnAfter = (x: Value) =>
    body.op('Gather', [flat(x, config.hiddenSize), draws], { attributes: { axis: 0 } });
  const lastResidual = { stream: drawnAfter(residual.stream), update: drawnAfter(residual.update) };
  const logits = buildHead(body, config, parameters, lastResidual);

  const column = body.int64([1]);
  const noise = body.op('Unsqueeze', [body.op('Gather', [uniform, iteration]), column]);
  const vocabulary = outer.int64([config.vocabSize]);
  const drawn = buildSampling(body, logits, config.vocabSize, noise, {
    plain,
    penalised,
    penalty,
    held: [history, recent],
    temperature,
    topK,
    topP,
    minP,
    greedy,
    candidates,
    ranks,
    vocabulary,
  });
  const toInt = (x: Value) => body.op('Cast', [x], { attributes: { to: 7 } });
  const any = (x: Value, keepdims: 0 | 1, axes?: Value) =>
    body.op(
      'Cast',
      [body.op('ReduceMax', axes ? [toInt(x), axes] : [toInt(x)], { attributes: { keepdims } })],
      {
        attributes: { to: 9 },
      },
    );
  const tokenColumn = body.op('Unsqueeze', [drawn.token, column]);
  const stopped = any(body.op('Equal', [tokenColumn, stopTokens]), 0, column);
  const next = body.op('Add', [iteration, body.int64(1)]);
  const full = body.op('GreaterOrEqual', [next, remaining]);
  const nowDone = body.op('Or', [done, body.op('Or', [stopped, full])]);
  const cut = body.op('And', [drawn.cut, body.op('Not', [done])]);
  const active = body.op('ReduceSum', [toInt(body.op('Not', [nowDone]))], { attributes: { keepdims: 0 } });
  const goOn = body.op('And', [
    body.op('GreaterOrEqual', [active, minActive]),
    body.op('Not', [any(cut, 0)]),
  ]);
  const nextPosition = body.op('Where', [
    nowDone,
    body.int64(-1),
    body.op('Add', [body.op('Gather', [flat(newPositions), draws]), body.int64(1)]),
  ]);

  body.output(goOn, 'bool', []);
  body.output(tokenColumn, 'int64');
  body.output(body.op('Unsqueeze', [nextPosition, column]), 'int64');
  body.output(nowDone, 'bool');
  body.output(cut, 'bool');
  body.output(body.op('Concat', [recent, tokenColumn], { attributes: { axis: 1 } }), 'int64');
  body.output(localPositions, 'int64');
  for (const { keys, values } of grown) {
    body.output(keys, 'float32');
    body.output(values, 'float32');
  }
  body.output(body.op('Where', [done, body.int64(-1), drawn.token]), 'int64', ['R']);
  body.output(drawn.logprob, 'float32', ['R']);
  if (options.logits) body.output(logits, 'float32', ['R', config.vocabSize]);

  const never = outer.op('Less', [draws, outer.int64(0)]);
  const emptyOf = (x: Value, axis: number) => outer.op('Slice', [x, first, first, outer.int64([axis])]);
  const empty = emptyOf(frozen[0]!.keys, 3);
  const results = outer.ops(
    'Loop',
    [
      steps,
      outer.bool(true),
      tokens,
      positions,
      never,
      never,
      emptyOf(outer.op('Unsqueeze', [draws, outer.int64([1])]), 1),
      emptyOf(positions, 1),
      ...layers.flatMap(() => [empty, empty]),
    ],
    CARRIED + 2 * config.layers + 2 + (options.logits ? 1 : 0),
    { attributes: { body } },
  );
  const scans = CARRIED + 2 * config.layers;
  outer.output(results[scans]!, 'int64', ['n', 'R'], 'drawn');
  outer.output(results[scans + 1]!, 'float32', ['n', 'R'], 'logprobs');
  outer.output(results[3]!, 'bool', ['R'], 'cut');
  for (const layer of layers) {
    outer.output(results[CARRIED + 2 * layer]!, 'float32', cacheShape('B', 't'), localKeys(layer));
    outer.output(results[CARRIED + 1 + 2 * layer]!, 'float32', cacheShape('B', 't'), localValues(layer));
  }
  if (options.logits) outer.output(results[scans + 2]!, 'float32', ['n', 'R', config.vocabSize], 'logits');
  return outer;
}
