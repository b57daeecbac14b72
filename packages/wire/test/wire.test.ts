import { describe, expect, test } from '@jest/globals'
import { InputError, PeerError, SeededRandom, VirtualClock } from '@torrential/primitives'
import { encodedLength, encodeMessage, type Message } from '@torrential/protocol'
import { Wire } from '@torrential/wire'
import { bytesOf, codeOf, handshakeOf, openWire, plain, receiveAll, settle, THEIRS, wirePair } from './peers.ts'

const block = new Uint8Array(16_384).map((_, at) => at)
const piece: Message = { type: 'piece', piece: 1, offset: 0, block }
const every: readonly Message[] = [
  { type: 'keep-alive' },
  { type: 'have-none' },
  { type: 'bitfield', bitfield: new Uint8Array(1000).fill(1) },
  { type: 'request', piece: 1, offset: 2, length: 3 },
  piece,
  { type: 'piece', piece: 2, offset: 3, block: new Uint8Array(0) },
  { type: 'extended', id: 1, payload: new Uint8Array(100_000).fill(4) },
  { type: 'unknown', id: 99, payload: new Uint8Array(3) },
  { type: 'have', piece: 4 },
]

describe('sending', () => {
  test('messages of one turn leave as one chunk', async () => {
    const { wire, sent } = await openWire()
    const requests = Array.from(
      { length: 50 },
      (_, at) => ({ type: 'request', piece: at, offset: 0, length: 1 }) as const,
    )
    for (const request of requests) expect(wire.send(request)).toBe(true)
    await settle()
    expect(sent).toHaveLength(1)
    expect(sent[0]).toEqual(Buffer.from(bytesOf(...requests)))
    await wire.close()
  })

  test('messages that are encoded already leave behind what was sent before, as the very array that was given', async () => {
    const { wire, sent } = await openWire()
    const encoded = bytesOf({ type: 'have', piece: 1 }, piece)
    const before = wire.bytesOut
    wire.send({ type: 'unchoke' })
    expect(wire.sendEncoded(encoded)).toBe(true)
    wire.send({ type: 'choke' })
    await settle()
    expect(sent).toHaveLength(3)
    expect(sent[1]).toBe(encoded)
    expect(Buffer.concat(sent)).toEqual(
      Buffer.from([...bytesOf({ type: 'unchoke' }), ...encoded, ...bytesOf({ type: 'choke' })]),
    )
    expect(wire.bytesOut - before).toBe(encoded.length + 10)
    await wire.close()
    expect(wire.sendEncoded(encoded)).toBe(false)
    expect(() => new Wire().sendEncoded(encoded)).toThrow(InputError)
  })

  test('of what is encoded already a few bytes leave in one chunk with the other messages of the turn', async () => {
    const { wire, sent } = await openWire()
    const encoded = bytesOf({ type: 'have', piece: 1 }, { type: 'have', piece: 2 })
    expect(wire.sendEncoded(encoded)).toBe(true)
    wire.send({ type: 'choke' })
    wire.sendEncoded(bytesOf({ type: 'have', piece: 3 }))
    await settle()
    expect(sent.map((chunk) => Buffer.from(chunk))).toEqual([
      Buffer.from(
        bytesOf({ type: 'have', piece: 1 }, { type: 'have', piece: 2 }, { type: 'choke' }, { type: 'have', piece: 3 }),
      ),
    ])
    for (let round = 0; round < 2_000; round++) wire.sendEncoded(bytesOf({ type: 'have', piece: round }))
    await settle()
    expect(Buffer.concat(sent.slice(1))).toEqual(
      Buffer.from(bytesOf(...Array.from({ length: 2_000 }, (_, round) => ({ type: 'have', piece: round }) as const))),
    )
    await wire.close()
  })

  test('a block leaves behind its head as the very array that was given', async () => {
    const { wire, sent } = await openWire()
    wire.send({ type: 'unchoke' })
    wire.send(piece)
    wire.send({ type: 'choke' })
    await settle()
    expect(sent.map(({ length }) => length)).toEqual([5 + 13, 16_384, 5])
    expect(sent[1]).toBe(block)
    await wire.close()
  })

  test('a chunk that was handed out is never written again', async () => {
    const { wire, sent } = await openWire()
    const copies: Uint8Array[] = []
    for (let i = 0; i < 3000; i++) {
      wire.send({ type: 'request', piece: i, offset: i, length: i })
      if (i % 7 === 0) await settle()
      while (copies.length < sent.length) copies.push(sent[copies.length]?.slice() ?? new Uint8Array(0))
    }
    expect(sent).toEqual(copies)
    await wire.close()
  })

  test('counts what it sends', async () => {
    const { wire } = await openWire()
    for (const message of every) wire.send(message)
    expect(wire.bytesOut).toBe(68 + every.reduce((sum, message) => sum + encodedLength(message), 0))
    await wire.close()
  })

  test('a message that cannot be encoded changes nothing', async () => {
    const { wire, sent } = await openWire()
    wire.send({ type: 'have', piece: 1 })
    expect(() => wire.send({ type: 'have', piece: -1 })).toThrow(InputError)
    wire.send({ type: 'have', piece: 2 })
    await settle()
    expect(Buffer.concat(sent)).toEqual(Buffer.from(bytesOf({ type: 'have', piece: 1 }, { type: 'have', piece: 2 })))
    await wire.close()
  })

  test('answers false from the mark on, and drained resolves when half of it has left', async () => {
    const { wire, sent } = await openWire({ highWaterMark: 100_000 })
    wire.pause()
    let queued = 0
    while (wire.send(piece)) queued++
    expect(queued).toBe(6)
    // The mark and one message, never more.
    expect(wire.buffered).toBeLessThan(100_000 + 16_397)
    expect(wire.buffered).toBeGreaterThanOrEqual(100_000)
    let drained = false
    const waiting = wire.drained().then(() => (drained = true))
    await settle()
    expect(drained).toBe(false)
    expect(sent).toEqual([])
    wire.resume()
    await waiting
    expect(wire.buffered).toBe(0)
    expect(wire.send({ type: 'choke' })).toBe(true)
    await expect(wire.drained()).resolves.toBeUndefined()
    await wire.close()
  })

  test('drained stops waiting with its signal', async () => {
    const { wire } = await openWire({ highWaterMark: 1000 })
    wire.pause()
    wire.send(piece)
    const controller = new AbortController()
    const waiting = [wire.drained({ signal: controller.signal }), wire.drained()] as const
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting[0]).rejects.toBe(reason)
    await expect(wire.drained({ signal: controller.signal })).rejects.toBe(reason)
    wire.resume()
    await expect(waiting[1]).resolves.toBeUndefined()
    await wire.close()
  })

  test('a small mark is kept even when messages are small', async () => {
    const { wire } = await openWire({ highWaterMark: 40 })
    wire.pause()
    expect(wire.send({ type: 'have', piece: 1 })).toBe(true)
    expect([1, 2, 3, 4].map(() => wire.send({ type: 'have', piece: 1 }))).toEqual([true, true, true, false])
    await wire.close()
  })

  test('after the end nothing is taken and nothing waits for ever', async () => {
    const { wire } = await openWire()
    await wire.close()
    expect(wire.send(piece)).toBe(false)
    expect(await codeOf(wire.drained())).toBe('WIRE_CLOSED')
  })
})

describe('keep-alive', () => {
  test('goes out after a minute of silence, and only then', async () => {
    const clock = new VirtualClock()
    const { wire, sent } = await openWire({ clock })
    await clock.advanceAsync(40_000)
    wire.send({ type: 'choke' })
    await clock.advanceAsync(59_999)
    expect(Buffer.concat(sent)).toEqual(Buffer.from(bytesOf({ type: 'choke' })))
    await clock.advanceAsync(1)
    expect(Buffer.concat(sent)).toEqual(Buffer.from(bytesOf({ type: 'choke' }, { type: 'keep-alive' })))
    await clock.advanceAsync(120_000)
    expect(Buffer.concat(sent)).toHaveLength(5 + 3 * 4)
    await wire.close()
    expect(clock.pending).toBe(0)
  })

  test('costs one timer however much is sent', async () => {
    const clock = new VirtualClock()
    const { wire } = await openWire({ clock })
    const [deadline] = [clock.deadline]
    for (let i = 0; i < 100; i++) {
      wire.send({ type: 'choke' })
      await settle()
    }
    expect([clock.pending, clock.deadline]).toEqual([1, deadline])
    await wire.close()
  })
})

describe('receiving', () => {
  test('gives one batch for each read of the socket', async () => {
    const { wire } = await openWire()
    wire.write(bytesOf({ type: 'choke' }, { type: 'have', piece: 1 }))
    wire.write(bytesOf({ type: 'unchoke' }))
    const messages = wire.receive()
    expect(await messages.next()).toEqual({ value: [{ type: 'choke' }, { type: 'have', piece: 1 }], done: false })
    expect(await messages.next()).toEqual({ value: [{ type: 'unchoke' }], done: false })
    await wire.close()
  })

  test('every kind of message arrives as it was sent', async () => {
    const [left, right] = await wirePair()
    const received = receiveAll(right)
    for (const message of every) left.send(message)
    left.finish()
    expect(plain(await received)).toEqual(plain(every))
    expect(left.bytesOut).toBe(right.bytesIn)
    await Promise.all([left.close(), right.close()])
  })

  test('not pulling stops the socket: what is held stays within the mark', async () => {
    const { wire } = await openWire({ incomingHighWaterMark: 100_000 })
    const read = bytesOf(piece, piece, piece)
    let accepted = 1
    while (wire.write(read)) {
      accepted++
      await settle()
    }
    await settle()
    // One read is held undecoded, the rest waits in front of it.
    expect(accepted * read.length).toBeLessThan(100_000 + 2 * read.length)
    let drained = false
    wire.on('drain', () => (drained = true))
    const messages = wire.receive()
    for (let i = 0; i < accepted - 1; i++) await messages.next()
    await settle()
    expect(drained).toBe(false)
    expect((await messages.next()).value).toHaveLength(3)
    await settle()
    expect(drained).toBe(true)
    await wire.close()
  })

  test('nothing is decoded before somebody pulls', async () => {
    const { wire } = await openWire()
    wire.write(Uint8Array.of(0, 0, 0, 2, 0, 0))
    await settle()
    expect(wire.failure).toBeUndefined()
    expect(await codeOf(wire.receive().next())).toBe('MESSAGE_LENGTH')
    expect(wire.failure?.code).toBe('MESSAGE_LENGTH')
  })

  test('messages in front of garbage are delivered, then the reason', async () => {
    const { wire } = await openWire()
    const messages = wire.receive()
    const first = messages.next()
    wire.write(Buffer.concat([bytesOf({ type: 'choke' }, piece), Uint8Array.of(0, 0, 0, 2, 0)]))
    expect((await first).value).toHaveLength(2)
    await expect(messages.next()).rejects.toMatchObject({ code: 'MESSAGE_LENGTH' })
    expect(await messages.next()).toEqual({ value: undefined, done: true })
    await wire.close()
  })

  test('the end in the middle of a message is an error, and after a message it is the end', async () => {
    const { wire } = await openWire()
    wire.write(bytesOf(piece).subarray(0, 100))
    wire.end()
    expect(await codeOf(receiveAll(wire))).toBe('MESSAGE_TRUNCATED')
    const clean = (await openWire()).wire
    clean.write(bytesOf(piece))
    clean.end()
    expect(plain(await receiveAll(clean))).toEqual(plain([piece]))
    expect(clean.failure).toBeUndefined()
    await clean.close()
  })

  test('leaving the loop leaves the wire open, and the next loop goes on where it stopped', async () => {
    const { wire } = await openWire()
    for (const at of [1, 2, 3]) wire.write(bytesOf({ type: 'have', piece: at }))
    for await (const batch of wire.receive()) {
      expect(batch).toEqual([{ type: 'have', piece: 1 }])
      break
    }
    expect((await wire.receive().next()).value).toEqual([{ type: 'have', piece: 2 }])
    await wire.close()
  })

  test('only one may wait at a time', async () => {
    const { wire } = await openWire()
    const first = wire.receive().next()
    expect(await codeOf(wire.receive().next())).toBe('RECEIVE_BUSY')
    wire.write(bytesOf({ type: 'choke' }))
    expect((await first).value).toEqual([{ type: 'choke' }])
    await wire.close()
  })

  test('ten thousand round trips', async () => {
    const [left, right] = await wirePair()
    const answering = (async () => {
      for await (const batch of right.receive()) {
        for (const message of batch) {
          if (message.type === 'request') right.send({ type: 'have', piece: message.piece })
        }
      }
    })()
    const messages = left.receive()
    for (let at = 0; at < 10_000; at++) {
      left.send({ type: 'request', piece: at, offset: 0, length: 1 })
      const { value } = await messages.next()
      if (value?.[0]?.type !== 'have' || value[0].piece !== at) throw new Error(`round trip ${at} failed`)
    }
    expect([left.bytesIn, left.bytesOut]).toEqual([68 + 90_000, 68 + 170_000])
    left.finish()
    await answering
    await Promise.all([left.close(), right.close()])
  })
})

describe('ending', () => {
  test('finish sends what is queued, and the peer’s end comes back', async () => {
    const [left, right] = await wirePair()
    left.send(piece)
    left.finish()
    expect(left.send(piece)).toBe(false)
    expect(await codeOf(left.drained())).toBe('WIRE_CLOSED')
    expect(plain(await receiveAll(right))).toEqual(plain([piece]))
    expect(await receiveAll(left)).toEqual([])
    // Both directions have ended: both wires close by themselves.
    await settle()
    expect([left.destroyed, right.destroyed]).toEqual([true, true])
  })

  test('close without an error ends the loop of messages, close with one rejects it', async () => {
    const { wire } = await openWire()
    const quiet = wire.receive().next()
    await wire.close()
    expect(await quiet).toEqual({ value: undefined, done: true })
    const loud = (await openWire()).wire
    const next = loud.receive().next()
    await loud.close(new PeerError('PEER_BANNED', 'sent garbage'))
    expect(await codeOf(next)).toBe('PEER_BANNED')
    expect(loud.failure?.code).toBe('PEER_BANNED')
  })

  test('close is idempotent, and so is disposing', async () => {
    const { wire } = await openWire()
    await Promise.all([wire.close(), wire.close(), wire[Symbol.asyncDispose]()])
    await wire[Symbol.asyncDispose]()
    expect(wire.destroyed).toBe(true)
  })

  test('an error of any kind becomes a PeerError and never reaches the process', async () => {
    const { wire } = await openWire()
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const next = wire.receive().next()
    wire.destroy(cause)
    await expect(next).rejects.toMatchObject({ code: 'CONNECTION_RESET', cause })
    const odd = (await openWire()).wire
    odd.destroy(new TypeError('odd'))
    expect(await codeOf(odd.receive().next())).toBe('CONNECTION_FAILED')
    expect(odd.failure).toBeInstanceOf(PeerError)
  })

  test('destroying at any moment settles every promise', async () => {
    const random = new SeededRandom(11)
    for (let round = 0; round < 300; round++) {
      const wire = new Wire({ highWaterMark: 20_000, clock: new VirtualClock() })
      if (random.next() < 0.5) wire.on('data', () => {})
      const promises: Promise<unknown>[] = [wire.handshake(handshakeOf(1))]
      const steps = [
        () => wire.write(THEIRS),
        () => wire.write(bytesOf(piece, piece)),
        () => wire.write(bytesOf(piece).subarray(0, 50)),
        () => promises.push(wire.receive().next()),
        () => wire.send(piece) || promises.push(wire.drained()),
        () => wire.send(piece) || promises.push(wire.drained()),
        () => wire.pause(),
        () => wire.end(),
        () => wire.finish(),
      ]
      const before = Math.floor(random.next() * (steps.length + 1))
      for (const step of steps.slice(0, before)) {
        step()
        if (random.next() < 0.5) await settle()
      }
      const error = random.next() < 0.5 ? new PeerError('CONNECTION_RESET', 'gone') : undefined
      promises.push(wire.close(error))
      await Promise.allSettled(promises)
      expect(wire.destroyed).toBe(true)
    }
  })

  test('options out of range are the caller’s fault', () => {
    expect(() => new Wire({ highWaterMark: 0 })).toThrow(InputError)
    expect(() => new Wire({ keepAlive: Number.NaN })).toThrow(InputError)
    expect(() => new Wire({ limits: { blockLength: -1 } })).toThrow(InputError)
  })

  test('an empty chunk is no chunk', async () => {
    const { wire } = await openWire()
    expect(wire.write(new Uint8Array(0))).toBe(true)
    wire.write(encodeMessage({ type: 'choke' }))
    expect((await wire.receive().next()).value).toEqual([{ type: 'choke' }])
    await wire.close()
  })
})
