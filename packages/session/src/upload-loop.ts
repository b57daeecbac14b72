// What goes to one peer that it asked for: runs while the engine has something for it, and reads a block only when the wire takes it.

import type { Upload } from '@torrential/engine'
import type { PeerKey } from '@torrential/primitives'
import { type Message, tailOf } from '@torrential/protocol'
import type { Wire } from '@torrential/wire'
import { FRAMED_LENGTH } from './message-frame.ts'
import type { ConnectionOwner, PeerConnection } from './peer-connection.ts'

/** Requests: while one is served, the block that is asked for so many later is read. Four runs of the read cache. */
const readAhead = 64

/** Blocks that leave as one view at the most: a run of the read cache. */
const longestRow = 16

/** Requests: of a row, what is asked for behind every so many of them is read ahead. */
const aheadStep = 16

export class UploadLoop {
  readonly #connection: PeerConnection
  readonly #key: PeerKey
  readonly #wire: Wire
  readonly #owner: ConnectionOwner
  /** Fires when the connection is closed. */
  readonly #signal: AbortSignal
  #isRunning = false

  constructor(connection: PeerConnection, wire: Wire, owner: ConnectionOwner, signal: AbortSignal) {
    this.#connection = connection
    this.#key = connection.key
    this.#wire = wire
    this.#owner = owner
    this.#signal = signal
  }

  /** Unless it runs. */
  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run().catch((error: unknown) => {
      this.#isRunning = false
      this.#connection.fail(error)
    })
  }

  async #run(): Promise<void> {
    const { engine, clock, up } = this.#owner
    let wasBrought = false
    for (;;) {
      const reply = this.#connection.isClosed ? undefined : engine.nextReply(this.#key)
      if (reply !== undefined) {
        await this.#reply(reply)
        continue
      }
      const row = this.#connection.isClosed ? undefined : this.#sendRow()
      if (row !== undefined) {
        wasBrought = false
        if (!row) await this.#wire.drained({ signal: this.#signal })
        continue
      }
      const coming = this.#connection.isClosed || wasBrought ? undefined : this.#bringRow()
      if (coming !== undefined) {
        // Once: what does not come as a row goes by itself.
        wasBrought = true
        await coming
        continue
      }
      wasBrought = false
      const upload = this.#connection.isClosed ? undefined : engine.nextUpload(this.#key, clock.now())
      if (upload === undefined) {
        // In the same turn: the next request must find the loop stopped, or nobody would ever answer it.
        this.#isRunning = false
        return
      }
      const ahead = engine.upcomingUpload(this.#key, readAhead)
      if (ahead !== undefined) this.#owner.readAhead(ahead)
      if (!up.take(upload.length)) await up.wait(upload.length, { signal: this.#signal })
      // Most blocks are in memory, and then nothing is waited for until the wire is full.
      const inMemory = this.#owner.isPaused ? undefined : this.#owner.peekBlock(upload)
      const block = inMemory ?? (await this.#read(upload))
      if (this.#connection.isClosed) return
      if (block === undefined) continue
      const message: Message = { type: 'piece', piece: upload.piece, offset: upload.offset, block }
      const more = this.#wire.send(message)
      engine.uploaded(this.#key, block.length, clock.now())
      this.#connection.tellSent(message)
      this.#owner.pump()
      if (!more) await this.#wire.drained({ signal: this.#signal })
    }
  }

  /**
   * Most blocks are asked for in rows and are in memory: those leave as one view, and what follows on each of them is done once for all.
   * Undefined: the next block has to go by itself. False: wait until the wire has drained.
   */
  #sendRow(): boolean | undefined {
    const { engine, clock } = this.#owner
    const first = this.#firstOfRow()
    const most = first && engine.upcomingRow(this.#key, longestRow)
    const row = first && most ? this.#owner.peekRow(first, most) : undefined
    if (row === undefined) return undefined
    const count = row.length / FRAMED_LENGTH
    this.#readAhead(readAhead + 1, readAhead + count)
    const more = this.#wire.sendEncoded(row)
    engine.uploadedRow(this.#key, count, clock.now())
    this.#connection.tellSentBytes()
    this.#owner.pump()
    return more
  }

  /** The row that is next is not in memory: it is read, and what comes after it. */
  #bringRow(): Promise<void> | undefined {
    const first = this.#firstOfRow()
    const coming = first && this.#owner.bringRow(first)
    if (coming !== undefined) this.#readAhead(longestRow, readAhead)
    return coming
  }

  /** Undefined when blocks have to go one by one. */
  #firstOfRow(): Upload | undefined {
    const { engine, up, isPaused } = this.#owner
    return isPaused || up.limited || engine.upcomingRow(this.#key, 1) === 0
      ? undefined
      : engine.upcomingUpload(this.#key, 0)
  }

  /** Places in the queue, behind the next request. */
  #readAhead(from: number, to: number): void {
    for (let at = from; at <= to; at += aheadStep) {
      const ahead = this.#owner.engine.upcomingUpload(this.#key, at)
      if (ahead !== undefined) this.#owner.readAhead(ahead)
    }
  }

  /** An answer that is no block: a piece of the info dictionary, or hashes. It counts towards the rate limits as blocks do. */
  async #reply(message: Message): Promise<void> {
    const { up } = this.#owner
    const bytes = tailOf(message)?.length ?? 0
    if (bytes > 0 && !up.take(bytes)) await up.wait(bytes, { signal: this.#signal })
    if (this.#connection.isClosed) return
    const more = this.#wire.send(message)
    this.#connection.tellSent(message)
    if (!more) await this.#wire.drained({ signal: this.#signal })
  }

  /** Undefined: the peer was told that it does not get the block, because it cannot be read or the data was paused. */
  async #read(upload: Upload): Promise<Uint8Array | undefined> {
    const { engine, clock } = this.#owner
    let block: Uint8Array | undefined
    try {
      block = this.#owner.isPaused ? undefined : await this.#owner.readBlock(upload)
    } catch (error) {
      engine.unreadable(this.#key, upload, clock.now())
      this.#owner.readFailed(upload, error)
      return undefined
    }
    if (block !== undefined && !this.#owner.isPaused) return block
    engine.unreadable(this.#key, upload, clock.now())
    this.#owner.pump()
    return undefined
  }
}
