import type { ByteStream, Inbound } from '@torrential/contracts'
import { peerAddress, VirtualClock } from '@torrential/primitives'
import type { MemoryTransport } from '@torrential/transport'
import { MemoryNetwork } from '@torrential/transport'
import { describe, expect, test } from '@jest/globals'

async function accepting(host: MemoryTransport) {
  const listener = await host.listen(peerAddress(host.host, 0))
  const loop = listener[Symbol.asyncIterator]()
  return { listener, pull: async () => ((await loop.next()).value as Inbound).stream }
}

/** Counts bytes and notes when they come. */
function meter(stream: ByteStream, clock: VirtualClock) {
  const seen = { bytes: 0, at: 0, closed: false }
  stream.duplex.on('data', (chunk) => {
    seen.bytes += chunk.length
    seen.at = clock.now()
  })
  stream.duplex.on('close', () => {
    seen.closed = true
  })
  return seen
}

/** Writes for as long as the stream takes more. */
function flood(stream: ByteStream): void {
  const block = new Uint8Array(16_384)
  const more = () => {
    while (stream.duplex.write(block)) void 0
  }
  stream.duplex.on('drain', more)
  more()
}

async function connected(clock: VirtualClock, a: MemoryTransport, b: MemoryTransport) {
  const { listener, pull } = await accepting(b)
  const dialling = a.dial(listener.address)
  await clock.advanceAsync(1000)
  return { near: await dialling, far: await pull() }
}

describe('a network in memory', () => {
  test('gives every host an address of its own', () => {
    const network = new MemoryNetwork()
    const taken = network.transport({ host: '10.0.0.2' })
    const hosts = [network.transport(), network.transport(), taken].map(({ host }) => host)
    expect(hosts).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.2'])
    expect(() => network.transport({ host: '10.0.0.1' })).toThrow(expect.objectContaining({ code: 'MEMORY_HOST' }))
  })

  test('takes as long for a round trip as both hosts are away', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock, latency: 10 })
    const [a, b] = [network.transport(), network.transport({ latency: 40 })]
    const { listener, pull } = await accepting(b)
    const dialling = a.dial(listener.address)
    const connectedAt = dialling.then(() => clock.now())
    await clock.advanceAsync(200)
    expect(await connectedAt).toBe(100)
    const seen = meter(await pull(), clock)
    const near = await dialling
    near.duplex.write(new Uint8Array(10))
    await clock.advanceAsync(1000)
    expect(seen).toMatchObject({ bytes: 10, at: 250 })
  })

  test('carries no more than the upload of the sender, shared by its connections', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock })
    const seeder = network.transport({ upload: 1_000_000 })
    const first = await connected(clock, seeder, network.transport())
    const second = await connected(clock, seeder, network.transport())
    const seen = [meter(first.far, clock), meter(second.far, clock)]
    flood(first.near)
    flood(second.near)
    await clock.advanceAsync(20_000)
    const rates = seen.map(({ bytes }) => bytes / 20)
    const total = rates.reduce((sum, rate) => sum + rate)
    expect(total).toBeLessThanOrEqual(1_000_000)
    expect(total).toBeGreaterThan(980_000)
    expect(Math.max(...rates) - Math.min(...rates)).toBeLessThan(100_000)
    seeder.reset()
  })

  test('carries no more than the download of the receiver', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock })
    const { near, far } = await connected(clock, network.transport(), network.transport({ download: 50_000 }))
    const seen = meter(far, clock)
    flood(near)
    await clock.advanceAsync(60_000)
    expect(Math.abs(seen.bytes / 60 / 50_000 - 1)).toBeLessThan(0.02)
    near.duplex.destroy()
  })

  test('follows a bandwidth that changes while connections are open', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock, window: 32_768 })
    const host = network.transport({ upload: 10_000 })
    const { near, far } = await connected(clock, host, network.transport())
    const seen = meter(far, clock)
    flood(near)
    await clock.advanceAsync(10_000)
    host.up.bandwidth = 1_000_000
    const before = seen.bytes
    await clock.advanceAsync(30_000)
    expect((seen.bytes - before) / 30).toBeGreaterThan(500_000)
    near.duplex.destroy()
  })

  test('takes no more from a writer than its window and buffers while nobody reads', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock, window: 100_000 })
    const { near, far } = await connected(clock, network.transport(), network.transport())
    let written = 0
    const block = new Uint8Array(16_384)
    const more = () => {
      do written += block.length
      while (near.duplex.write(block))
    }
    near.duplex.on('drain', more)
    more()
    await clock.advanceAsync(60_000)
    // The window, and a buffer of 128 KiB at both ends and in the batch that is being written.
    expect(written).toBeLessThan(100_000 + 4 * 131_072)
    near.duplex.destroy()
    far.duplex.destroy()
  })

  test('leaves no timer behind when connections close with bytes under way', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock, latency: 50 })
    const [a, b] = [network.transport(), network.transport()]
    const { near, far } = await connected(clock, a, b)
    far.duplex.resume()
    near.duplex.write(new Uint8Array(1000))
    await clock.advanceAsync(1)
    expect(clock.pending).toBe(1)
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()])
    expect(clock.pending).toBe(0)
    expect([a.connections, b.connections]).toEqual([0, 0])
  })
})

describe('trouble on a network in memory', () => {
  test('a host that does not exist cannot be reached', async () => {
    const a = new MemoryNetwork().transport()
    await expect(a.dial(peerAddress('10.9.9.9', 1))).rejects.toMatchObject({ code: 'DIAL_UNREACHABLE' })
  })

  test('a host set unreachable cannot be reached until it is up again', async () => {
    const network = new MemoryNetwork()
    const [a, b] = [network.transport(), network.transport()]
    const { listener } = await accepting(b)
    network.setReachability(b.host, 'unreachable')
    await expect(a.dial(listener.address)).rejects.toMatchObject({ code: 'DIAL_UNREACHABLE' })
    network.setReachability(b.host, 'up')
    await expect(a.dial(listener.address)).resolves.toMatchObject({ via: 'memory' })
  })

  test('a silent host times out after ten seconds, or when asked to', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock })
    const a = network.transport()
    network.setReachability('10.9.9.9', 'silent')
    const ends: string[] = []
    const note = (what: string) => (error: { code: string }) => ends.push(`${what} ${error.code} ${clock.now()}`)
    void a.dial(peerAddress('10.9.9.9', 1)).catch(note('default'))
    void a.dial(peerAddress('10.9.9.9', 1), { timeout: 300 }).catch(note('short'))
    await clock.advanceAsync(20_000)
    expect(ends).toEqual(['short DIAL_TIMEOUT 300', 'default DIAL_TIMEOUT 10000'])
    expect(clock.pending).toBe(0)
  })

  test('a dial to a silent host ends with its signal or its transport', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock })
    const a = network.transport()
    network.setReachability('10.9.9.9', 'silent')
    const abort = new AbortController()
    const aborted = a.dial(peerAddress('10.9.9.9', 1), { signal: abort.signal })
    const closed = a.dial(peerAddress('10.9.9.9', 1))
    abort.abort('enough')
    await expect(aborted).rejects.toBe('enough')
    const check = expect(closed).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' })
    await a[Symbol.asyncDispose]()
    await check
    expect(clock.pending).toBe(0)
  })

  test('cutting a host resets its connections at both ends, and leaves others alone', async () => {
    const clock = new VirtualClock()
    const network = new MemoryNetwork({ clock })
    const [a, b, c] = [network.transport(), network.transport(), network.transport()]
    const victim = await connected(clock, a, b)
    const other = await connected(clock, a, c)
    const errors: unknown[] = []
    for (const { duplex } of [victim.near, victim.far]) {
      duplex.on('error', (error) => errors.push((error as { code?: unknown }).code))
    }
    network.cut(b.host)
    await clock.advanceAsync(0)
    expect(errors).toEqual(['ECONNRESET', 'ECONNRESET'])
    const seen = meter(other.far, clock)
    other.near.duplex.write(new Uint8Array(3))
    await clock.advanceAsync(0)
    expect(seen).toMatchObject({ bytes: 3, closed: false })
  })

  test('a listener on :: takes connections to every address of its host', async () => {
    const network = new MemoryNetwork()
    const [a, b] = [network.transport(), network.transport()]
    const listener = await b.listen(peerAddress('::', 0))
    const near = await a.dial(peerAddress(b.host, listener.address.port))
    for await (const { stream } of listener) {
      expect(stream.remote).toEqual(near.local)
      break
    }
  })

  test('a port that is not its own address cannot be listened on', async () => {
    const a = new MemoryNetwork().transport()
    await expect(a.listen(peerAddress('10.1.1.1', 0))).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })
})
