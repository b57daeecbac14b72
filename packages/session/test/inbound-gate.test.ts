import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import type { ByteDuplex, ByteStream, Inbound, Listener } from '@torrential/contracts'
import { createPeerId, infoHashFrom, peerAddress, SeededRandom, VirtualClock } from '@torrential/primitives'
import { MemoryNetwork } from '@torrential/transport'
import { connectWire, Wire } from '@torrential/wire'
import { InboundGate, type InboundTorrent } from '../src/inbound-gate.ts'

/** Gives what `push` is called with to who waits for it, as the queue of a real listener does. */
function pushedListener(): { readonly listener: Listener; readonly push: (inbound: Inbound) => void } {
  const readers: ((result: IteratorResult<Inbound>) => void)[] = []
  const listener = {
    address: peerAddress('10.0.0.1', 1),
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<Inbound>>((resolve) => readers.push(resolve)),
    }),
    [Symbol.asyncDispose]: async () => {},
  }
  return { listener, push: (value) => readers.shift()?.({ done: false, value }) }
}

function streamWith(destroy: () => void): ByteStream {
  const remote = peerAddress('10.0.0.2', 2)
  const duplex = { destroy } as unknown as ByteDuplex
  return { duplex, remote, local: remote, via: 'test', [Symbol.asyncDispose]: async () => {} }
}

/** In a function of its own: nothing else may refer to the stream. */
function arrive(push: (inbound: Inbound) => void, destroyed: () => void): WeakRef<ByteStream> {
  const stream = streamWith(destroyed)
  push({ stream })
  return new WeakRef(stream)
}

test('a connection that is over is not held while the gate waits for the next one', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const random = new SeededRandom(1)
  const refused: string[] = []
  const gate = new InboundGate({
    clock: new VirtualClock(),
    peerId: createPeerId(random),
    find: () => undefined,
    allows: () => false,
    refused: (_address, reason) => refused.push(reason),
  })
  let destroyed = 0
  const { listener, push } = pushedListener()
  void gate.serve(listener)
  const stream = arrive(push, () => destroyed++)
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  expect({ refused, destroyed }).toEqual({ refused: ['PEER_FILTERED'], destroyed: 1 })
  expect(stream.deref()).toBeUndefined()
  // The gate still waits, and takes the next.
  arrive(push, () => destroyed++)
  await new Promise((resolve) => setImmediate(resolve))
  expect(destroyed).toBe(2)
})

/** A peer that shakes hands with a gate whose torrent is `settled` at some time. */
async function meet(torrent: InboundTorrent, hasGone: () => boolean) {
  const random = new SeededRandom(1)
  const clock = new VirtualClock()
  const network = new MemoryNetwork({ clock })
  const [home, away] = [network.transport(), network.transport()]
  const refused: string[] = []
  const gate = new InboundGate({
    clock,
    peerId: createPeerId(random),
    find: () => (hasGone() ? undefined : torrent),
    allows: () => true,
    refused: (_address, reason) => refused.push(reason),
  })
  const listener = await home.listen(peerAddress(home.host, 0))
  void gate.serve(listener)
  const wire = new Wire({ clock })
  connectWire(wire, await away.dial(listener.address))
  const [infoHash] = torrent.identity.names
  const capabilities = { extensions: true, fast: true, dht: false, v2: false }
  const outcome = wire.handshake({ infoHash, peerId: createPeerId(random), capabilities }, { timeout: 60_000 }).then(
    () => 'greeted',
    (error: { code: string }) => error.code,
  )
  return { clock, refused, outcome }
}

const identity = { names: [infoHashFrom(new Uint8Array(20))] } as const

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a torrent that takes no part in its swarm greets nobody', async () => {
  let accepted = 0
  const accept = () => void accepted++
  const { refused, outcome } = await meet({ identity, isJoined: false, accept }, () => false)
  expect(await outcome).toMatch(/^CONNECTION_/)
  await turns()
  expect([accepted, refused]).toEqual([0, ['TORRENT_STOPPED']])
})

describe('a torrent that looks at its disk', () => {
  test('answers a peer when it knows what is there', async () => {
    let settle = () => {}
    const settled = new Promise<void>((resolve) => (settle = resolve))
    let accepted = 0
    const accept = () => void accepted++
    const { refused, outcome } = await meet({ identity, settled, isJoined: true, accept }, () => false)
    await turns()
    expect([accepted, refused]).toEqual([0, []])
    settle()
    expect([await outcome, accepted, refused]).toEqual(['greeted', 1, []])
  })

  test('is asked afterwards whether it takes part in its swarm', async () => {
    let settle = () => {}
    const torrent = { identity, settled: new Promise<void>((resolve) => (settle = resolve)), isJoined: true }
    const { refused, outcome } = await meet(Object.assign(torrent, { accept: () => undefined }), () => false)
    await turns()
    torrent.isJoined = false
    settle()
    expect(await outcome).toMatch(/^CONNECTION_/)
    await turns()
    expect(refused).toEqual(['TORRENT_STOPPED'])
  })

  test('has not to be there any more afterwards', async () => {
    let settle = () => {}
    let hasGone = false
    const settled = new Promise<void>((resolve) => (settle = resolve))
    const { refused, outcome } = await meet(
      { identity, settled, isJoined: true, accept: () => undefined },
      () => hasGone,
    )
    await turns()
    hasGone = true
    settle()
    expect(await outcome).toMatch(/^CONNECTION_/)
    await turns()
    expect(refused).toEqual(['HANDSHAKE_UNKNOWN_TORRENT'])
  })

  test('lets nobody wait for longer than a handshake may take', async () => {
    const settled = new Promise<void>(() => {})
    const { clock, refused, outcome } = await meet(
      { identity, settled, isJoined: true, accept: () => undefined },
      () => false,
    )
    await turns()
    clock.advance(9_999)
    await turns()
    expect(refused).toEqual([])
    clock.advance(1)
    expect(await outcome).toMatch(/^CONNECTION_/)
    await turns()
    expect(refused).toEqual(['HANDSHAKE_TIMEOUT'])
  })
})
