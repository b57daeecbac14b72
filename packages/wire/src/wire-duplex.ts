// A wire as the `{ source, sink }` pair that it-pipe composes: `pipe(socket, decrypt, wireDuplex(wire), encrypt, socket)`.

import { PeerError } from '@torrential/primitives'
import { toPeerError } from './connection-error.ts'
import type { Wire } from './wire.ts'

/** Bytes out of the wire and bytes into it, both with backpressure. */
export interface WireDuplex {
  /** What goes to the peer. Iterate once; leaving the loop closes the wire. */
  readonly source: AsyncIterable<Uint8Array>
  /**
   * Takes what comes from the peer until it ends. An error of the source closes the wire and is rethrown.
   * @throws PeerError why the wire broke meanwhile
   */
  sink(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
}

export function wireDuplex(wire: Wire): WireDuplex {
  return { source: wire, sink: (source) => sinkInto(wire, source) }
}

async function sinkInto(wire: Wire, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let wake = (): void => {}
  const onWake = () => wake()
  wire.on('drain', onWake)
  wire.on('close', onWake)
  try {
    for await (const chunk of source) {
      if (wire.destroying) break
      if (!wire.write(chunk) && !wire.destroying) await new Promise<void>((resolve) => (wake = resolve))
    }
  } catch (error) {
    wire.destroy(error instanceof PeerError ? error : toPeerError(error))
    throw error
  } finally {
    wire.off('drain', onWake)
    wire.off('close', onWake)
  }
  if (wire.failure !== undefined) throw wire.failure
  if (!wire.destroying) wire.end()
}
