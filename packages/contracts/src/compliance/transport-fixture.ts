// What the transport suite needs of an implementation, and the few moves that its cases share. Nothing here waits for a time:
// where a case must show that something does *not* happen, it lets messages go to and fro on another connection meanwhile.

import { strictEqual } from 'node:assert/strict'
import type { PeerAddress } from '@torrential/primitives'
import { concatBytes } from '@torrential/primitives'
import type { ByteDuplex, ByteStream } from '../byte-stream.ts'
import type { Inbound, Listener, Transport } from '../transport.ts'

/** A fresh transport for one case; the case disposes it. */
export interface TransportFixture {
  readonly transport: Transport
  /** Where it can listen and dial itself; port 0. */
  readonly address: PeerAddress
}

export type MakeTransport = () => Promise<TransportFixture> | TransportFixture

/** Both ends of one connection. */
export interface Connection {
  readonly near: ByteStream
  readonly far: ByteStream
}

/** A fixture with a listener and its loop. */
export interface Bench extends TransportFixture {
  readonly listener: Listener
  readonly inbound: AsyncIterator<Inbound>
}

/** Runs `body` with a listening transport and disposes the transport afterwards, whatever happened. */
export async function withBench(make: MakeTransport, body: (bench: Bench) => Promise<void>): Promise<void> {
  const fixture = await make()
  try {
    const listener = await fixture.transport.listen(fixture.address)
    await body({ ...fixture, listener, inbound: listener[Symbol.asyncIterator]() })
  } finally {
    await fixture.transport[Symbol.asyncDispose]()
  }
}

/** Dials the listener and pulls the other end. */
export async function connectPair(bench: Bench): Promise<Connection> {
  const near = await bench.transport.dial(bench.listener.address)
  return { near, far: await pull(bench.inbound) }
}

/** The next inbound connection; fails when the loop has ended. */
export async function pull(inbound: AsyncIterator<Inbound>): Promise<ByteStream> {
  const result = await inbound.next()
  strictEqual(result.done ?? false, false, 'the listener ended')
  return (result.value as Inbound).stream
}

/** Writes all of `bytes` in pieces of `size`, as fast as the stream takes them. */
export async function writeAll(duplex: ByteDuplex, bytes: Uint8Array, size = 16_384): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    if (!duplex.write(bytes.subarray(at, at + size))) await event(duplex, 'drain')
  }
}

/** Everything up to the end of the stream. */
export async function readAll(duplex: ByteDuplex): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  duplex.on('data', (chunk) => chunks.push(chunk))
  duplex.resume()
  await event(duplex, 'end')
  return concatBytes(chunks)
}

/** Exactly `length` bytes, or fewer at the end of the stream. The stream stays open and paused. */
export function readSome(duplex: ByteDuplex, length: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let missing = length
    const finish = () => {
      duplex.off('data', onData)
      duplex.off('close', finish)
      duplex.pause()
      resolve(concatBytes(chunks))
    }
    const onData = (chunk: Uint8Array) => {
      chunks.push(chunk)
      missing -= chunk.length
      if (missing <= 0) finish()
    }
    duplex.on('data', onData)
    duplex.on('close', finish)
    duplex.resume()
  })
}

/** Resolves at the next `name`. */
export function event(duplex: ByteDuplex, name: 'drain' | 'end' | 'close'): Promise<void> {
  return new Promise((resolve) => {
    const listener = () => {
      duplex.off(name, listener)
      resolve()
    }
    duplex.on(name, listener)
  })
}

/** Lets `rounds` messages go to and fro on `connection`: time for anything else to happen, without a timer. */
export async function pingPong({ near, far }: Connection, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    near.duplex.write(Uint8Array.of(round & 255))
    await readSome(far.duplex, 1)
    far.duplex.write(Uint8Array.of(round & 255))
    await readSome(near.duplex, 1)
  }
}

/** `length` bytes that differ from place to place. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    bytes[i] = state >>> 16
  }
  return bytes
}

/** The code of the error with which `promise` rejects, or `undefined` when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
