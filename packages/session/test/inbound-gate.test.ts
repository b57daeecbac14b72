import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import type { ByteDuplex, ByteStream, Inbound, Listener } from '@torrential/contracts'
import { createPeerId, peerAddress, SeededRandom, VirtualClock } from '@torrential/primitives'
import { InboundGate } from '../src/inbound-gate.ts'

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
