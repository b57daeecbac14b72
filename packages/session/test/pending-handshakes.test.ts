import { describe, expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { BenchFolder, collect } from './bench-folder.ts'
import { PendingHandshakes } from '../src/pending-handshakes.ts'

describe('places for handshakes', () => {
  test('are taken from the host that has most of them, its oldest first', () => {
    const pending = new PendingHandshakes(4, new VirtualClock())
    const flood = [1, 2, 3, 4].map(() => pending.take('66.6.6.6'))
    const honest = pending.take('1.2.3.4')
    expect(honest?.signal.aborted).toBe(false)
    expect(flood.map((place) => place?.signal.aborted)).toEqual([true, false, false, false])
    expect(flood[0]?.signal.reason).toMatchObject({ code: 'HANDSHAKE_EVICTED' })
    expect(pending.count).toBe(4)
  })

  test('are not taken from a host by itself before they had a second', () => {
    const clock = new VirtualClock()
    const pending = new PendingHandshakes(2, clock)
    const first = pending.take('66.6.6.6')
    pending.take('66.6.6.6')
    expect(pending.take('66.6.6.6')).toBeUndefined()
    clock.advance(1_000)
    expect(pending.take('66.6.6.6')).toBeDefined()
    expect(first?.signal.aborted).toBe(true)
  })

  test('of hosts that have one each last at least a second', () => {
    const clock = new VirtualClock()
    const pending = new PendingHandshakes(3, clock)
    const places = ['1.1.1.1', '2.2.2.2', '3.3.3.3'].map((host) => pending.take(host))
    expect(pending.take('4.4.4.4')).toBeUndefined()
    clock.advance(1_000)
    expect(pending.take('4.4.4.4')).toBeDefined()
    expect(places.map((place) => place?.signal.aborted)).toEqual([true, false, false])
  })

  test('that were given back are free, once', () => {
    const pending = new PendingHandshakes(1, new VirtualClock())
    const place = pending.take('1.1.1.1')
    for (let time = 0; time < 2; time++) if (place !== undefined) pending.give(place)
    expect(pending.count).toBe(0)
    expect(pending.take('2.2.2.2')).toBeDefined()
  })
})

test('ten thousand silent connections are closed after ten seconds, and an honest peer is served meanwhile', async () => {
  await using bench = await BenchFolder.create({ virtual: true })
  await bench.write({ 'one.bin': 300_000 })
  const [seeder, seed] = await bench.seed('one.bin')
  const refused = collect(seeder.events({ types: ['inbound-refused'] }))
  const attackers = Array.from({ length: 20 }, () => bench.network.transport())
  let open = 0
  const attack = async (count: number) => {
    const [address] = seeder.addresses
    for (let dialed = 0; dialed < count; dialed++) {
      const stream = await attackers[dialed % attackers.length]?.dial(address as NonNullable<typeof address>)
      open++
      stream?.duplex.on('close', () => open--)
      stream?.duplex.resume()
    }
  }
  await attack(5_000)
  const leecher = await bench.session()
  const begun = bench.clock.now()
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
  const connected = collect(leech.events({ types: ['peer-connected'] }))
  await bench.passUntil(() => connected.length > 0, 10)
  expect(bench.clock.now() - begun).toBeLessThanOrEqual(1_000)
  await attack(5_000)
  await bench.passUntil(() => leech.isComplete)
  await bench.pass(11_000)
  expect(open).toBe(0)
  expect(refused).not.toHaveLength(0)
  for (const transport of attackers) await transport[Symbol.asyncDispose]()
})
