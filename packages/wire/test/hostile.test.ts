// A stranger at the other end: mutants of a good stream, cut anywhere, ended anywhere. The wire must end with a PeerError or
// cleanly, every promise must settle, and the messages must be those of the bytes.

import { describe, expect, test } from '@jest/globals'
import { PeerError, SeededRandom, VirtualClock } from '@torrential/primitives'
import { type Message, MessageDecoder } from '@torrential/protocol'
import { Wire } from '@torrential/wire'
import { bytesOf, codeOf, handshakeOf, openWire, plain, settle, THEIRS } from './peers.ts'

const good = Buffer.concat([
  THEIRS,
  bytesOf(
    { type: 'bitfield', bitfield: new Uint8Array(3) },
    { type: 'unchoke' },
    { type: 'keep-alive' },
    { type: 'extended', id: 0, payload: new Uint8Array(60) },
    { type: 'piece', piece: 1, offset: 0, block: new Uint8Array(100).fill(8) },
    { type: 'request', piece: 1, offset: 0, length: 16_384 },
  ),
])

/** What the decoder alone makes of it. */
function expected(stream: Uint8Array): { messages: unknown[]; code: string | undefined } {
  const decoder = new MessageDecoder()
  let messages: readonly Message[] = []
  try {
    messages = decoder.push(stream)
    decoder.end()
  } catch {
    // `failure` says it.
  }
  return { messages: plain(messages), code: decoder.failure?.code }
}

async function run(
  stream: Uint8Array,
  random: SeededRandom,
): Promise<{ messages: unknown[]; code: string | undefined }> {
  const wire = new Wire({ clock: new VirtualClock() })
  const messages: Message[] = []
  wire.on('data', () => {})
  let code: string | undefined
  const reading = (async () => {
    await wire.accept(() => handshakeOf(1))
    for await (const batch of wire.receive()) messages.push(...batch)
  })().catch((error: unknown) => {
    if (!(error instanceof PeerError)) throw error
    code = error.code
  })
  for (let at = 0; at < stream.length; ) {
    const length = 1 + Math.floor(random.next() ** 2 * 100)
    wire.write(stream.subarray(at, at + length))
    if (random.next() < 0.3) await Promise.resolve()
    at += length
  }
  wire.end()
  await reading
  await wire.close()
  return { messages: plain(messages), code }
}

describe('a hostile peer', () => {
  test('after the handshake: 1,500 mutants end as their bytes say', async () => {
    const random = new SeededRandom(21)
    const ends = new Set<string | undefined>()
    for (let round = 0; round < 1500; round++) {
      const stream = Uint8Array.from(good)
      for (let edits = Math.floor(random.next() * 3); edits > 0; edits--) {
        stream[68 + Math.floor(random.next() * (stream.length - 68))] = Math.floor(random.next() * 256)
      }
      const cut = random.next() < 0.3 ? 69 + Math.floor(random.next() * (stream.length - 69)) : stream.length
      const outcome = await run(stream.subarray(0, cut), random)
      expect(outcome).toEqual(expected(stream.subarray(68, cut)))
      ends.add(outcome.code)
    }
    expect([...ends].map(String).sort()).toEqual(['MESSAGE_LENGTH', 'MESSAGE_TRUNCATED', 'undefined'])
  })

  test('in the handshake: every wrong byte of the header and every early end is told', async () => {
    const random = new SeededRandom(22)
    for (let at = 0; at < 68; at++) {
      const stream = Uint8Array.from(good)
      stream[at] = (stream[at] ?? 0) ^ 0x40
      expect((await run(stream, random)).code).toBe(at < 20 ? 'HANDSHAKE_PROTOCOL' : undefined)
      const early = at === 0 ? 'CONNECTION_CLOSED' : 'HANDSHAKE_TRUNCATED'
      expect((await run(good.subarray(0, at), random)).code).toBe(early)
    }
  })

  test.each([2 ** 32 - 1, 2 ** 31])(
    'a length of %i is refused at the fifth byte, whatever the message id',
    async (length) => {
      for (let id = 0; id < 256; id++) {
        const { wire } = await openWire()
        const before = wire.bytesIn
        const head = Buffer.alloc(5)
        head.writeUInt32BE(length)
        head[4] = id
        wire.write(head)
        expect([id, await codeOf(wire.receive().next())]).toEqual([id, 'MESSAGE_LENGTH'])
        expect(wire.bytesIn - before).toBe(5)
        await wire.close()
      }
    },
  )

  test('a handshake after the handshake is no message: one of them ends the connection', async () => {
    const { wire } = await openWire()
    wire.write(THEIRS)
    expect(await codeOf(wire.receive().next())).toBe('MESSAGE_LENGTH')
    await wire.close()
  })

  test.each([
    ['minute', 60_000, 1],
    ['second', 1_000, 10],
  ])('a handshake that comes a byte a %s is given up in ten seconds', async (_, pause, most) => {
    const clock = new VirtualClock()
    const wire = new Wire({ clock })
    wire.on('data', () => {})
    const outcome = codeOf(wire.accept(() => handshakeOf(1)))
    let bytes = 0
    for (; !wire.destroyed && bytes < 68; bytes++) {
      wire.write(THEIRS.subarray(bytes, bytes + 1))
      await clock.advanceAsync(pause)
      await settle()
    }
    expect(await outcome).toBe('HANDSHAKE_TIMEOUT')
    expect(bytes).toBeLessThanOrEqual(most)
    expect(clock.pending).toBe(0)
  })
})
