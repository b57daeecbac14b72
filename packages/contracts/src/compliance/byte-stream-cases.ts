// What every connection of a Transport does: bytes in order and whole, bounded buffers, an orderly end, a clean death.

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { equalBytes } from '@torrential/primitives'
import type { Bench } from './transport-fixture.ts'
import { connectPair, event, pattern, pingPong, pull, readAll, readSome, writeAll } from './transport-fixture.ts'

/** More than any system buffers for one connection. */
const flood = 64 * 1024 * 1024

export const byteStreamCases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'bytes arrive whole and in order, both ways at once': async (bench) => {
    const { near, far } = await connectPair(bench)
    const there = pattern(1_000_003, 1)
    const back = pattern(700_001, 2)
    const atFar = readSome(far.duplex, there.length)
    const atNear = readSome(near.duplex, back.length)
    await Promise.all([writeAll(near.duplex, there), writeAll(far.duplex, back, 1009)])
    ok(equalBytes(await atFar, there), 'what the far end read is not what the near end wrote')
    ok(equalBytes(await atNear, back), 'what the near end read is not what the far end wrote')
  },
  'bytes sent before the other end is pulled are not lost': async (bench) => {
    const near = await bench.transport.dial(bench.listener.address)
    near.duplex.write(pattern(5000))
    const far = await pull(bench.inbound)
    ok(equalBytes(await readSome(far.duplex, 5000), pattern(5000)), 'the first bytes are missing')
  },
  'connections do not mix': async (bench) => {
    const pairs = []
    for (let i = 0; i < 20; i++) pairs.push(await connectPair(bench))
    await Promise.all(
      pairs.map(async ({ near, far }, i) => {
        const sent = pattern(50_000 + i, i + 1)
        const read = readSome(far.duplex, sent.length)
        await writeAll(near.duplex, sent, 4096)
        ok(equalBytes(await read, sent), `connection ${i} carried something else`)
      }),
    )
  },
  'chunks belong to the reader: changing them changes nothing else': async (bench) => {
    const { near, far } = await connectPair(bench)
    const sent = pattern(40_000)
    const original = sent.slice()
    far.duplex.on('data', (chunk) => chunk.fill(0))
    const ended = event(far.duplex, 'end')
    await writeAll(near.duplex, sent)
    near.duplex.end()
    await ended
    ok(equalBytes(sent, original), "the writer's array was changed")
  },
  'chunks read keep their bytes while more is read': async (bench) => {
    const { near, far } = await connectPair(bench)
    const sent = pattern(500_000)
    const [, received] = await Promise.all([
      writeAll(near.duplex, sent).then(() => near.duplex.end()),
      readAll(far.duplex),
    ])
    ok(equalBytes(received, sent), 'a chunk was written into after it was read')
  },
  'a reader that does not read holds up the writer, and loses nothing': async (bench) => {
    const { near, far } = await connectPair(bench)
    const meanwhile = await connectPair(bench)
    far.duplex.pause()
    const block = pattern(65_536)
    let written = 0
    const writing = (async () => {
      while (written < flood) {
        written += block.length
        if (!near.duplex.write(block)) await event(near.duplex, 'drain')
      }
      near.duplex.end()
    })()
    await pingPong(meanwhile, 300)
    const stalledAt = written
    ok(stalledAt < flood, `${flood} bytes were taken from the writer though nobody read any`)
    await pingPong(meanwhile, 20)
    strictEqual(written, stalledAt, 'the writer went on though nobody read')
    let received = 0
    far.duplex.on('data', (chunk) => {
      received += chunk.length
    })
    const ended = event(far.duplex, 'end')
    far.duplex.resume()
    await Promise.all([writing, ended])
    strictEqual(received, flood)
  },
  'ending one side lets the other read everything, then both close': async (bench) => {
    const { near, far } = await connectPair(bench)
    const sent = pattern(300_000)
    const closed = Promise.all([event(near.duplex, 'close'), event(far.duplex, 'close')])
    near.duplex.resume()
    const read = readAll(far.duplex)
    await writeAll(near.duplex, sent)
    near.duplex.end()
    ok(equalBytes(await read, sent), 'bytes were lost at the end')
    await closed
  },
  'destroying one end closes the other': async (bench) => {
    const { near, far } = await connectPair(bench)
    const closed = event(far.duplex, 'close')
    far.duplex.resume()
    near.duplex.destroy()
    await closed
  },
  'destroying with an error that nobody listens for closes both ends and nothing else': async (bench) => {
    const { near, far } = await connectPair(bench)
    const closed = Promise.all([event(near.duplex, 'close'), event(far.duplex, 'close')])
    far.duplex.resume()
    near.duplex.destroy(new Error('nobody hears this'))
    await closed
  },
  'an error is heard by whoever listens': async (bench) => {
    const { near } = await connectPair(bench)
    const heard: unknown[] = []
    near.duplex.on('error', (error) => heard.push(error))
    const closed = event(near.duplex, 'close')
    const error = new Error('heard')
    near.duplex.destroy(error)
    await closed
    deepStrictEqual(heard, [error])
  },
  'writing to an end that has gone away never throws': async (bench) => {
    const { near, far } = await connectPair(bench)
    const closed = event(near.duplex, 'close')
    near.duplex.resume()
    far.duplex.destroy()
    for (let i = 0; i < 20; i++) near.duplex.write(pattern(16_384))
    await closed
    near.duplex.write(pattern(10))
  },
  'disposing a stream resolves once it is closed, and again at once': async (bench) => {
    const { near, far } = await connectPair(bench)
    let closed = false
    near.duplex.on('close', () => {
      closed = true
    })
    far.duplex.resume()
    const farClosed = event(far.duplex, 'close')
    await near[Symbol.asyncDispose]()
    ok(closed, 'resolved before `close`')
    await near[Symbol.asyncDispose]()
    await farClosed
  },
  'a connection is an async iterable of its bytes': async (bench) => {
    const { near, far } = await connectPair(bench)
    const sent = pattern(100_000)
    const sending = writeAll(near.duplex, sent).then(() => near.duplex.end())
    let received = 0
    for await (const chunk of far.duplex) {
      ok(equalBytes(chunk, sent.subarray(received, received + chunk.length)), 'out of order')
      received += chunk.length
    }
    await sending
    strictEqual(received, sent.length)
  },
}
