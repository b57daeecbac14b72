import { createServer } from 'node:net'
import { VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { createTrackerServer, SWEEP_INTERVAL } from '../../src/server/index.ts'
import { announceTarget, get, RawUdp } from './raw-client.ts'

describe('a tracker server', () => {
  test('has HTTP and UDP on one port that it picks, and says where', async () => {
    await using server = await createTrackerServer({ host: ['127.0.0.1', '::1'] })
    const { port } = server.address
    expect(port).toBeGreaterThan(0)
    expect(server.address.host).toBe('127.0.0.1')
    expect(server.urls).toEqual([
      `http://127.0.0.1:${port}/announce`,
      `udp://127.0.0.1:${port}/announce`,
      `http://[::1]:${port}/announce`,
      `udp://[::1]:${port}/announce`,
    ])
    for (const host of ['127.0.0.1', '::1']) {
      expect((await get(port, announceTarget(), host)).status).toBe(200)
      await using udp = new RawUdp(port, host)
      expect(await udp.connect()).toHaveLength(8)
    }
  })

  test('can have one of them only', async () => {
    await using http = await createTrackerServer({ host: '127.0.0.1', udp: false })
    await using udp = await createTrackerServer({ host: '127.0.0.1', http: false })
    expect(http.urls).toEqual([`http://127.0.0.1:${http.address.port}/announce`])
    expect(udp.urls).toEqual([`udp://127.0.0.1:${udp.address.port}/announce`])
  })

  test('refuses options that make no sense, naming them', async () => {
    for (const options of [
      { port: 65_536 },
      { interval: 0 },
      { maxPeers: 0 },
      { maxTorrents: 1.5 },
      { host: 'localhost' },
      { host: [] },
      { http: false, udp: false },
    ]) {
      await expect(createTrackerServer(options)).rejects.toMatchObject({
        code: 'TRACKER_OPTION',
        message: expect.stringContaining(Object.keys(options)[0]!),
      })
    }
  })

  test('says when the port is taken, and leaves nothing open', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    await expect(createTrackerServer({ host: ['127.0.0.2', '127.0.0.1'], port })).rejects.toMatchObject({
      code: 'LISTEN_IN_USE',
    })
    await using server = await createTrackerServer({ host: '127.0.0.2', port })
    expect(server.address.port).toBe(port)
    await new Promise((resolve) => taken.close(resolve))
  })

  test('says when it cannot listen', async () => {
    await expect(createTrackerServer({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  test('closes once, ends its events, and frees the port', async () => {
    const clock = new VirtualClock()
    const server = await createTrackerServer({ host: '127.0.0.1', clock })
    const { port } = server.address
    const events = server.events()
    await Promise.all([server.close(), server.close()])
    expect((await events.next()).value).toEqual({ type: 'closed' })
    expect((await events.next()).done).toBe(true)
    expect(clock.pending).toBe(0)
    await using again = await createTrackerServer({ host: '127.0.0.1', port })
    expect(again.address.port).toBe(port)
  })

  test('lets silent peers go as its clock runs', async () => {
    const clock = new VirtualClock()
    await using server = await createTrackerServer({ host: '127.0.0.1', clock, peerAge: 60_000 })
    await get(server.address.port, announceTarget())
    clock.advance(60_000)
    expect(server.stats.leechers).toBe(1)
    clock.advance(2 * SWEEP_INTERVAL)
    expect(server.stats).toMatchObject({ torrents: 0, leechers: 0 })
  })

  test('tells of announces to those who ask for it', async () => {
    await using server = await createTrackerServer({ host: '127.0.0.1' })
    const events = server.events({ types: ['announce'] })
    await get(server.address.port, announceTarget({ event: 'completed', left: '0' }))
    expect((await events.next()).value).toEqual({
      type: 'announce',
      infoHash: expect.stringMatching(/^c8ed12[0-9a-f]{34}$/),
      address: { host: '127.0.0.1', port: 6881, family: 4 },
      event: 'completed',
      seed: true,
    })
  })
})
