// One end of an in-memory connection. Behaves as a TCP socket does: bounded in both directions, not half-open, `destroy`
// makes the other end read to its end, and an error that nobody listens for ends the connection only.
//
// Made of streamx rather than node:stream because streamx moves data in microtasks alone: under a virtual clock, which waits
// for microtasks, a whole exchange settles between two timers. This file is the only one that knows streamx's untyped side.

import type { ByteDuplex, ByteStream } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { PeerError } from '@torrential/primitives'
import { Duplex } from 'streamx'
import type { MemoryChannel } from './memory-channel.ts'
import { ignoreError } from './socket-stream.ts'

type Callback = (error: Error | null) => void

/** Bytes that one end buffers unread, and unsent, before it says so. The same as a TCP socket's here. */
const highWaterMark = 131_072

class MemoryDuplex extends Duplex {
  readonly #out: MemoryChannel
  readonly #in: MemoryChannel
  #writing: Callback | undefined

  constructor(out: MemoryChannel, incoming: MemoryChannel) {
    super({ highWaterMark })
    this.#out = out
    this.#in = incoming
    incoming.attach({
      deliver: (bytes) => this.push(bytes),
      ended: () => this.push(null),
    })
    this.on('error', ignoreError)
    this.on('end', () => void this.end(undefined))
  }

  override _read(callback: Callback): void {
    callback(null)
    this.#in.pull()
  }

  override _writev(batch: unknown[], callback: Callback): void {
    this.#writing = callback
    this.#out.send(batch as Uint8Array[], () => this.#written())
  }

  override _final(callback: Callback): void {
    this.#out.finish()
    callback(null)
  }

  // streamx does not close while a write waits for its callback.
  override _predestroy(): void {
    this.#written()
  }

  override _destroy(callback: Callback): void {
    this.#out.finish()
    this.#in.discard()
    callback(null)
  }

  #written(): void {
    const callback = this.#writing
    this.#writing = undefined
    callback?.(null)
  }
}

/** A connection that never leaves the process. Disposing destroys it and resolves when it is closed. */
export class MemoryStream implements ByteStream {
  readonly duplex: ByteDuplex
  readonly remote: PeerAddress
  readonly local: PeerAddress
  readonly via = 'memory'
  readonly #duplex: MemoryDuplex
  #other: MemoryStream | undefined

  /** The end at `local`, which sends into `out` and reads from `incoming`. */
  constructor(local: PeerAddress, remote: PeerAddress, out: MemoryChannel, incoming: MemoryChannel) {
    this.local = local
    this.remote = remote
    this.#duplex = new MemoryDuplex(out, incoming)
    this.duplex = this.#duplex as unknown as ByteDuplex
  }

  /** Tells both ends of each other, so that they can be reset together. */
  pair(other: MemoryStream): void {
    this.#other = other
    other.#other = this
  }

  /** As if the line were cut: both ends are destroyed with `ECONNRESET`, and what was under way is lost. */
  reset(): void {
    for (const end of [this, this.#other]) {
      if (end === undefined) continue
      end.#duplex.destroy(new PeerError('ECONNRESET', 'the connection was reset', { address: end.remote }))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      if (this.#duplex.destroyed) {
        resolve()
        return
      }
      this.#duplex.once('close', () => resolve())
      this.#duplex.destroy()
    })
  }
}
