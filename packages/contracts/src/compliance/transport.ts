// What every Transport does, whatever it is made of: the cases about dialling and listening are here, those about the
// connections themselves in byte-stream-cases.ts.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { ByteStream } from '../byte-stream.ts'
import { byteStreamCases } from './byte-stream-cases.ts'
import type { ComplianceCase } from './compliance-case.ts'
import type { Bench, MakeTransport } from './transport-fixture.ts'
import { codeOf, connectPair, event, pingPong, pull, withBench } from './transport-fixture.ts'

type Body = (bench: Bench) => Promise<void>

/** The suite for `Transport`. `make` is called once per case. */
export function transportCompliance(make: MakeTransport): readonly ComplianceCase[] {
  const bodies: Readonly<Record<string, Body>> = { ...listenCases, ...dialCases, ...closeCases, ...byteStreamCases }
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => withBench(make, body) }))
}

const listenCases: Readonly<Record<string, Body>> = {
  'listening on port 0 takes a real port': async ({ listener, address }) => {
    ok(listener.address.port > 0 && listener.address.port <= 65_535)
    strictEqual(listener.address.host, address.host)
    strictEqual(listener.address.family, address.family)
  },
  'a second listener on the same address is refused with LISTEN_IN_USE': async ({ transport, listener }) => {
    strictEqual(await codeOf(transport.listen(listener.address)), 'LISTEN_IN_USE')
  },
  'two listeners on port 0 get different ports': async ({ transport, address, listener }) => {
    const second = await transport.listen(address)
    notStrictEqual(second.address.port, listener.address.port)
  },
  'listening with a fired signal rejects with its reason': async ({ transport, address }) => {
    const reason = new Error('not today')
    await rejectsWith(transport.listen(address, { signal: AbortSignal.abort(reason) }), reason)
  },
  'a backlog that is not a positive integer is refused with LISTEN_OPTIONS': async ({ transport, address }) => {
    for (const backlog of [0, -1, 1.5, Number.NaN]) {
      strictEqual(await codeOf(transport.listen(address, { backlog })), 'LISTEN_OPTIONS')
    }
  },
  'connections beyond the backlog are destroyed, those within it are kept': async (bench) => {
    const { transport, address } = bench
    const small = await transport.listen(address, { backlog: 2 })
    const dialled = []
    const refused = []
    for (let i = 0; i < 4; i++) {
      const stream = await transport.dial(small.address)
      dialled.push(stream)
      if (i < 2) continue
      // At once: it may be closed before the next one is dialled.
      stream.duplex.resume()
      refused.push(event(stream.duplex, 'close'))
    }
    await Promise.all(refused)
    const inbound = small[Symbol.asyncIterator]()
    for (let i = 0; i < 2; i++) {
      const stream = await pull(inbound)
      deepStrictEqual(stream.remote, dialled[i]?.local)
    }
  },
  'a reader that waits gets the connection that comes': async ({ transport, listener, inbound }) => {
    const waiting = pull(inbound)
    const dialled = await transport.dial(listener.address)
    deepStrictEqual((await waiting).remote, dialled.local)
  },
}

const dialCases: Readonly<Record<string, Body>> = {
  'dialling where nobody listens is refused with DIAL_REFUSED': async ({ transport, address }) => {
    const gone = await transport.listen(address)
    await gone[Symbol.asyncDispose]()
    strictEqual(await codeOf(transport.dial(gone.address)), 'DIAL_REFUSED')
  },
  'dialling with a fired signal rejects with its reason': async ({ transport, listener }) => {
    const reason = new Error('not today')
    await rejectsWith(transport.dial(listener.address, { signal: AbortSignal.abort(reason) }), reason)
  },
  'a signal that fires during the dial rejects it with its reason or comes too late': async (bench) => {
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    const dialling = bench.transport.dial(bench.listener.address, { signal: abort.signal })
    abort.abort(reason)
    try {
      await (await dialling)[Symbol.asyncDispose]()
    } catch (error) {
      strictEqual(error, reason)
    }
  },
  'a signal that fires after the dial leaves the connection alone': async (bench) => {
    const abort = new AbortController()
    const near = await bench.transport.dial(bench.listener.address, { signal: abort.signal })
    abort.abort()
    await pingPong({ near, far: await pull(bench.inbound) }, 3)
  },
  'a timeout that is not positive is refused with DIAL_OPTIONS': async ({ transport, listener }) => {
    for (const timeout of [0, -1, Number.NaN]) {
      strictEqual(await codeOf(transport.dial(listener.address, { timeout })), 'DIAL_OPTIONS')
    }
  },
  'a host that is no IP address is refused with ADDRESS_HOST': async ({ transport }) => {
    const named = { host: 'localhost', port: 6881, family: 4 } as const
    strictEqual(await codeOf(transport.dial(named)), 'ADDRESS_HOST')
    strictEqual(await codeOf(transport.listen(named)), 'ADDRESS_HOST')
  },
  'both ends agree on who they are': async (bench) => {
    const { near, far } = await connectPair(bench)
    deepStrictEqual(near.remote, bench.listener.address)
    deepStrictEqual(near.remote, far.local)
    deepStrictEqual(near.local, far.remote)
    strictEqual(near.via, bench.transport.name)
    strictEqual(far.via, bench.transport.name)
  },
  'dialling from a chosen local address shows that address to the other end': async (bench) => {
    const near = await bench.transport.dial(bench.listener.address, { localHost: bench.address.host })
    strictEqual(near.local.host, bench.address.host)
    strictEqual((await pull(bench.inbound)).remote.host, bench.address.host)
  },
}

const closeCases: Readonly<Record<string, Body>> = {
  'disposing a listener ends its loop, and the port is free again': async ({ transport, listener, inbound }) => {
    const waiting = inbound.next()
    await listener[Symbol.asyncDispose]()
    strictEqual((await waiting).done, true)
    strictEqual((await inbound.next()).done, true)
    strictEqual(await codeOf(transport.dial(listener.address)), 'DIAL_REFUSED')
    const again = await transport.listen(listener.address)
    deepStrictEqual(again.address, listener.address)
  },
  'leaving the loop stops listening; the connection that was pulled stays open': async ({ transport, listener }) => {
    const near = await transport.dial(listener.address)
    let far: ByteStream | undefined
    for await (const { stream } of listener) {
      far = stream
      break
    }
    strictEqual(await codeOf(transport.dial(listener.address)), 'DIAL_REFUSED')
    await pingPong({ near, far: far as ByteStream }, 3)
  },
  'the signal of a listener stops it, and the loop ends without an error': async ({ transport, address }) => {
    const abort = new AbortController()
    const listener = await transport.listen(address, { signal: abort.signal })
    const waiting = listener[Symbol.asyncIterator]().next()
    abort.abort(new Error('enough'))
    strictEqual((await waiting).done, true)
    await listener[Symbol.asyncDispose]()
    strictEqual(await codeOf(transport.dial(listener.address)), 'DIAL_REFUSED')
  },
  'disposing a listener destroys what nobody has pulled': async ({ transport, listener }) => {
    const near = await transport.dial(listener.address)
    const closed = event(near.duplex, 'close')
    near.duplex.resume()
    await listener[Symbol.asyncDispose]()
    await closed
  },
  'disposing the transport closes listeners and connections of both directions': async (bench) => {
    const { near, far } = await connectPair(bench)
    const closed = Promise.all([event(near.duplex, 'close'), event(far.duplex, 'close')])
    const waiting = bench.inbound.next()
    await bench.transport[Symbol.asyncDispose]()
    await closed
    strictEqual((await waiting).done, true)
    strictEqual(await codeOf(bench.transport.dial(bench.listener.address)), 'TRANSPORT_CLOSED')
    strictEqual(await codeOf(bench.transport.listen(bench.address)), 'TRANSPORT_CLOSED')
  },
  'disposing the transport twice is the same as once': async ({ transport, listener }) => {
    await Promise.all([transport[Symbol.asyncDispose](), transport[Symbol.asyncDispose]()])
    await listener[Symbol.asyncDispose]()
  },
}

async function rejectsWith(promise: Promise<unknown>, reason: unknown): Promise<void> {
  let seen: unknown
  try {
    await promise
  } catch (error) {
    seen = error
  }
  strictEqual(seen, reason)
}
