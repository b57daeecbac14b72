import { VirtualClock } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { describe, expect, test } from '@jest/globals'
import { HttpTracker } from '../src/http-tracker.ts'
import { httpFaults } from './http-faults.ts'
import { oddHttpServer, response } from './odd-http-server.ts'
import { announceRequest, infoHash, sourceErrorOf } from './samples.ts'

const parts = { clock: systemClock }
describe('an HTTP announce rejects with a code', () => {
  test.each(Object.entries(httpFaults))('for %s', async (_what, [behave, code]) => {
    await using server = await oddHttpServer((socket) => behave(socket))
    const url = `http://127.0.0.1:${server.port}/announce?passkey=secret`
    const error = await sourceErrorOf(new HttpTracker(parts).announce(url, announceRequest()))
    expect(error.code).toBe(code)
    expect(error.data.url).toEqual(expect.stringContaining('127.0.0.1'))
    expect(error.message).not.toContain('secret')
  })

  test('when nobody listens', async () => {
    const server = await oddHttpServer(() => {})
    await server[Symbol.asyncDispose]()
    const url = `http://127.0.0.1:${server.port}/announce`
    expect((await sourceErrorOf(new HttpTracker(parts).announce(url, announceRequest()))).code).toBe(
      'TRACKER_UNREACHABLE',
    )
  })

  test.each(['http://', 'http://a b/announce', 'http://a/\nb', 'ftp://127.0.0.1/announce', 'udp://127.0.0.1:5', ''])(
    'when the URL is %j',
    async (url) => {
      expect((await sourceErrorOf(new HttpTracker(parts).announce(url, announceRequest()))).code).toBe('TRACKER_URL')
    },
  )

  test('when the name cannot be resolved, or stands for nothing', async () => {
    const url = 'http://nowhere.test/announce'
    const failing = new HttpTracker(parts, { resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    const empty = new HttpTracker(parts, { resolve: async () => [] })
    const junk = new HttpTracker(parts, { resolve: async () => [{ host: 'junk', family: 4 }] })
    for (const client of [failing, empty, junk]) {
      expect((await sourceErrorOf(client.announce(url, announceRequest()))).code).toBe('TRACKER_UNREACHABLE')
    }
  })

  test('with what the tracker says about retrying, in milliseconds', async () => {
    const bodies = [
      ['d14:failure reason1:x8:retry ini5ee', 300_000],
      ['d14:failure reason1:x8:retry in1:2e', 120_000],
      ['d14:failure reason1:x8:retry in5:nevere', Number.POSITIVE_INFINITY],
      ['d14:failure reason1:x8:retry ini-1ee', undefined],
    ] as const
    for (const [body, retryIn] of bodies) {
      await using server = await oddHttpServer((socket) => socket.end(response(body)))
      const url = `http://127.0.0.1:${server.port}/announce`
      const error = await sourceErrorOf(new HttpTracker(parts).announce(url, announceRequest()))
      expect(error.data.retryIn).toBe(retryIn)
    }
  })

  test('with a reason that is safe to print', async () => {
    const reason = `\u001b[31mred\u0000\r\nline${'x'.repeat(5_000)}`
    await using server = await oddHttpServer((socket) =>
      socket.end(response(`d14:failure reason${reason.length}:${reason}e`)),
    )
    const url = `http://127.0.0.1:${server.port}/announce`
    const error = await sourceErrorOf(new HttpTracker(parts).announce(url, announceRequest()))
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+: \[31mred line(x+)…$/)
    expect(error.message.length).toBeLessThan(550)
  })
})

describe('an HTTP announce does not wait for ever', () => {
  test('for a tracker that never answers: ten seconds', async () => {
    const clock = new VirtualClock()
    await using server = await oddHttpServer(() => {})
    const call = new HttpTracker({ clock }).announce(`http://127.0.0.1:${server.port}/announce`, announceRequest())
    await server.requests(1)
    clock.advance(9_999)
    expect(clock.pending).toBeGreaterThan(0)
    clock.advance(1)
    expect((await sourceErrorOf(call)).code).toBe('TRACKER_TIMEOUT')
    expect(clock.pending).toBe(0)
  })

  test('for a tracker that drips: thirty seconds in all', async () => {
    const clock = new VirtualClock()
    const drips: (() => void)[] = []
    await using server = await oddHttpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nd')
      drips.push(() => socket.write('1'))
    })
    const call = new HttpTracker({ clock }).announce(`http://127.0.0.1:${server.port}/announce`, announceRequest())
    let settled = false
    const outcome = sourceErrorOf(call).finally(() => {
      settled = true
    })
    await server.requests(1)
    for (let i = 0; i < 6; i++) {
      clock.advance(4_900)
      drips[0]?.()
      // Lets the byte travel over loopback: real I/O has no virtual clock.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(settled).toBe(false)
    clock.advance(30_000 - 6 * 4_900)
    const error = await outcome
    expect(error.code).toBe('TRACKER_TIMEOUT')
    expect(error.message).toContain('30000')
    expect(clock.pending).toBe(0)
  })

  test('for a resolver that hangs', async () => {
    const clock = new VirtualClock()
    const client = new HttpTracker({ clock }, { resolve: () => new Promise(() => {}) })
    const call = client.announce('http://slow.test/announce', announceRequest())
    clock.advance(30_000)
    expect((await sourceErrorOf(call)).code).toBe('TRACKER_TIMEOUT')
  })

  test('once the signal fires: it rejects with the reason and closes the connection', async () => {
    const closed = deferred()
    await using server = await oddHttpServer((socket) => socket.on('close', () => closed.resolve(undefined)))
    const controller = new AbortController()
    const url = `http://127.0.0.1:${server.port}/announce`
    const call = new HttpTracker(parts).announce(url, announceRequest(), { signal: controller.signal })
    await server.requests(1)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    await closed.promise
  })

  test('once the client is closed', async () => {
    await using server = await oddHttpServer(() => {})
    const client = new HttpTracker(parts)
    const url = `http://127.0.0.1:${server.port}/announce`
    const call = client.announce(url, announceRequest())
    await server.requests(1)
    await client.close()
    expect((await sourceErrorOf(call)).code).toBe('TRACKER_CLOSED')
    expect((await sourceErrorOf(client.scrape(url, [infoHash]))).code).toBe('TRACKER_CLOSED')
  })
})

function deferred() {
  let resolve: (value: unknown) => void = () => {}
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, resolve }
}
