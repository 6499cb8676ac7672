/** What was computed of prompts, by their tokens, so that prompts that begin alike compute their common blocks once. */

interface Node<T> {
  readonly parent: Node<T> | null;
  /** Tokens of the block, between commas: its name among those that follow the same blocks. */
  readonly key: string;
  readonly children: Map<string, Node<T>>;
  /** `null` while a prompt is computing it. */
  content: T | null;
}

/** Whole blocks of one prompt: those that were there when it began, and those that it computes for the others. */
export interface Claim<T> {
  readonly found: readonly T[];
  /** Gives the first open blocks their contents, and returns how many of them are kept: as many as there is room for. */
  fill(contents: readonly T[]): number;
  /** Gives up the open blocks, so that another prompt may compute them. */
  drop(): void;
}

export interface PrefixCacheOptions<T> {
  /** Tokens of a block. */
  readonly blockSize: number;
  /** Blocks kept at most. */
  readonly capacity: number;
  /** Whether a block can be let go of now. Default: always. */
  readonly evictable?: (content: T) => boolean;
  /** Called with each block that is let go of. */
  readonly onEvict?: (content: T) => void;
}

/**
 * A tree of blocks: each node stands for all tokens on the way to it, since keys and values of a block depend on all
 * before it. The blocks longest unused go first.
 */
export class PrefixCache<T> {
  readonly #options: PrefixCacheOptions<T>;
  readonly #root: Node<T> = { parent: null, key: '', children: new Map(), content: null };
  /** Filled nodes, the longest unused first. A node always stands before its parent, so none goes before those that follow it. */
  readonly #order = new Set<Node<T>>();

  constructor(options: PrefixCacheOptions<T>) {
    this.#options = options;
  }

  /** Blocks kept. */
  get size(): number {
    return this.#order.size;
  }

  /** Claims the whole blocks of `tokens`; `null` while another prompt is computing one that this would have to compute. */
  claim(tokens: readonly number[]): Claim<T> | null {
    const keys = blockKeys(tokens, this.#options.blockSize);
    const way = this.#walk(keys);
    let node = way.at(-1) ?? this.#root;
    if (node.children.get(keys[way.length] ?? '')?.content === null) return null;
    this.#touch(node);
    const open: Node<T>[] = [];
    for (const key of keys.slice(way.length)) {
      const child: Node<T> = { parent: node, key, children: new Map(), content: null };
      node.children.set(key, child);
      open.push(child);
      node = child;
    }
    return this.#claimOf(
      way.map(({ content }) => content!),
      open,
    );
  }

  /** Whole blocks at the beginning of `tokens` that are there. */
  find(tokens: readonly number[]): T[] {
    return this.#walk(blockKeys(tokens, this.#options.blockSize)).map(({ content }) => content!);
  }

  /** Lets go of the longest unused block that can be; false when there is none. */
  evict(): boolean {
    const { evictable = () => true, onEvict } = this.#options;
    for (const node of this.#order) {
      if (node.children.size > 0 || !evictable(node.content!)) continue;
      this.#order.delete(node);
      node.parent!.children.delete(node.key);
      onEvict?.(node.content!);
      return true;
    }
    return false;
  }

  /** Filled nodes that `keys` lead through. */
  #walk(keys: readonly string[]): Node<T>[] {
    const way: Node<T>[] = [];
    for (const key of keys) {
      const child = (way.at(-1) ?? this.#root).children.get(key);
      if (child === undefined || child.content === null) break;
      way.push(child);
    }
    return way;
  }

  #claimOf(found: readonly T[], open: Node<T>[]): Claim<T> {
    const fill = (contents: readonly T[]) => {
      const nodes: Node<T>[] = [];
      for (const content of contents) {
        if (!this.#makeRoom()) abandon(open);
        const node = open.shift();
        if (node === undefined) break;
        node.content = content;
        this.#order.add(node);
        nodes.push(node);
      }
      const last = nodes.at(-1);
      if (last !== undefined) this.#touch(last);
      return nodes.length;
    };
    return { found, fill, drop: () => abandon(open) };
  }

  #makeRoom(): boolean {
    while (this.#order.size >= this.#options.capacity) if (!this.evict()) return false;
    return true;
  }

  /** Marks a node and all before it as used just now. */
  #touch(node: Node<T>): void {
    for (let at = node; at.parent !== null; at = at.parent) {
      this.#order.delete(at);
      this.#order.add(at);
    }
  }
}

/** Open nodes hang below one another: without the first, none is found any more. */
function abandon<T>(open: Node<T>[]): void {
  const first = open[0];
  first?.parent?.children.delete(first.key);
  open.length = 0;
}

function blockKeys(tokens: readonly number[], blockSize: number): string[] {
  return Array.from({ length: Math.floor(tokens.length / blockSize) }, (_, at) =>
    tokens.slice(at * blockSize, (at + 1) * blockSize).join(),
  );
}
