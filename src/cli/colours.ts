/** Whether a stream is to be coloured. */
import type { WriteStream } from 'node:tty';

/** Colours are for terminals, unless NO_COLOR (no-color.org) is set. */
export function wantsColours(stream: Pick<WriteStream, 'isTTY'>): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR;
}
