// Peers that drip, and peers that do not read, against a session. What they may cost is counted in bytes; time is virtual.

import { describe, expect, test } from '@jest/globals'
import type { ByteStream } from '@torrential/contracts'
import {
  fromHex,
  infoHashFrom,
  peerAddress,
  peerIdFrom,
  type PeerKey,
  type TorrentialError,
} from '@torrential/primitives'
import { encodeHandshake, encodeMessage } from '@torrential/protocol'
import type { Session } from '@torrential/session'
import { Wire } from '@torrential/wire'
import { type ConnectionOwner, PeerConnection } from '../src/peer-connection.ts'
import { BenchFolder, collect } from './bench-folder.ts'

const MIB = 1_048_576

function handshakeOf(infoHash: string): Uint8Array {
  return encodeHandshake({
    infoHash: infoHashFrom(fromHex(infoHash)),
    peerId: peerIdFrom(new Uint8Array(20).fill(7)),
    capabilities: { extensions: true, fast: true, dht: false, v2: false },
  })
}

/** A connection to `session` as bytes. */
async function dial(bench: BenchFolder, session: Session) {
  const [address] = session.addresses
  if (address === undefined) throw new Error('the session listens nowhere')
  const transport = bench.network.transport()
  const { duplex } = await transport.dial(address)
  const end = { isClosed: false }
  duplex.on('close', () => (end.isClosed = true))
  duplex.resume()
  return { transport, duplex, end }
}

describe('A peer that drips', () => {
  test.each([
    ['a minute', 60_000, 1],
    ['a second', 1_000, 10],
  ])('its handshake, a byte %s, is closed before it is done', async (_, pause, most) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 20_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const { transport, duplex, end } = await dial(bench, seeder)
    const handshake = handshakeOf(seed.infoHash)
    let bytes = 0
    for (; !end.isClosed && bytes < handshake.length; bytes++) {
      duplex.write(handshake.subarray(bytes, bytes + 1))
      await bench.pass(pause)
    }
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(most)
    expect(seed.peers).toHaveLength(0)
    await transport[Symbol.asyncDispose]()
  })

  test('a message, a byte a minute, is closed after three bytes of it', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 20_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const gone = collect(seed.events({ types: ['peer-disconnected'] }))
    const { transport, duplex, end } = await dial(bench, seeder)
    duplex.write(handshakeOf(seed.infoHash))
    await bench.passUntil(() => seed.peers.length === 1, 10)
    const message = encodeMessage({ type: 'extended', id: 9, payload: new Uint8Array(1_000) })
    let bytes = 0
    for (; !end.isClosed && bytes < message.length; bytes++) {
      duplex.write(message.subarray(bytes, bytes + 1))
      await bench.pass(60_000)
    }
    expect(bytes).toBeLessThanOrEqual(3)
    expect(gone).toMatchObject([{ error: { code: 'IDLE_TIMEOUT' } }])
    await transport[Symbol.asyncDispose]()
  })
})

test('A peer that does not read is parted from when 4 MiB of what it was told wait', async () => {
  const wire = new Wire()
  const handshake = handshakeOf('aa'.repeat(20))
  wire.write(handshake)
  wire.resume()
  await wire.accept(() => ({
    infoHash: infoHashFrom(new Uint8Array(20).fill(0xaa)),
    peerId: peerIdFrom(new Uint8Array(20).fill(1)),
    capabilities: { extensions: true, fast: true, dht: false, v2: false },
  }))
  wire.pause()
  const ends: (TorrentialError | undefined)[] = []
  const owner: Partial<ConnectionOwner> = {
    clock: { now: () => 0 } as ConnectionOwner['clock'],
    sent: () => {},
    closed: (_, error) => ends.push(error),
  }
  const address = peerAddress('10.0.0.1', 1)
  const peerId = peerIdFrom(new Uint8Array(20).fill(7))
  const stream = { via: 'test' } as ByteStream
  const connection = new PeerConnection(
    1 as PeerKey,
    { wire, stream, peerId, incoming: true, address },
    owner as ConnectionOwner,
  )
  let told = 0
  for (; ends.length === 0 && told < 8 * MIB; told += 9) {
    connection.send({ type: 'have', piece: 1 })
    if (told % 90_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(ends).toMatchObject([{ code: 'PEER_NOT_READING' }])
  expect(told).toBeGreaterThan(4 * MIB)
  // A stream may have taken a chunk before it said that it is full.
  expect(told).toBeLessThan(4 * MIB + 262_144)
  connection.send({ type: 'have', piece: 1 })
  expect(ends).toHaveLength(1)
})
