import { infoHashFrom } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'
import { expect, test } from '@jest/globals'
import { Announcer } from '../src/announcer.ts'
import { createTrackerServer } from '../src/server/index.ts'
import { TrackerClients } from '../src/tracker-clients.ts'
import { httpFaults } from './http-faults.ts'
import { connectReply, oddUdpServer, words } from './odd-udp-server.ts'
import { oddHttpServer } from './odd-http-server.ts'
import { infoHash, peerId } from './samples.ts'

test('every broken tracker is passed by with its code, the tier behind them is reached, and told goodbye', async () => {
  await using server = await createTrackerServer({ host: '127.0.0.1' })
  await using udp = await oddUdpServer((packet, answer) => {
    if (packet.length === 16) answer(connectReply(packet))
    else answer(Buffer.concat([words(3), packet.subarray(12, 16), Buffer.from('go away')]))
  })
  const broken = await Promise.all(
    Object.values(httpFaults).map(([behave]) => oddHttpServer((socket) => behave(socket))),
  )
  const tiers = [
    ...broken.map(({ port }) => [`http://127.0.0.1:${port}/announce`]),
    [`udp://127.0.0.1:${udp.port}`],
    ['http://[::1'],
    server.urls,
  ]
  const parts = { clock: systemClock, random: systemRandom }
  await using clients = new TrackerClients(parts)
  const progress = () => ({ uploaded: 0, downloaded: 0, left: 1 })
  const announcer = new Announcer({ ...parts, tiers, infoHash, peerId, progress, clients }, { port: 6881 })
  const codes: string[] = []
  const events = announcer.events({ types: ['tracker-error', 'tracker-reply'] })
  announcer.start()
  for await (const event of events) {
    if (event.type === 'tracker-error') codes.push(event.error.code)
    if (event.type === 'tracker-reply') break
  }
  expect(codes).toEqual([...Object.values(httpFaults).map(([, code]) => code), 'TRACKER_FAILURE'])
  expect(server.stats.leechers).toBe(1)
  await announcer.close()
  expect(server.stats.leechers).toBe(0)
  for (const tracker of broken) await tracker[Symbol.asyncDispose]()
})

test('two torrents that share clients find each of their peers, over HTTP and UDP, IPv4 and IPv6', async () => {
  await using server = await createTrackerServer({ host: ['127.0.0.1', '::1'] })
  const parts = { clock: systemClock, random: systemRandom }
  await using clients = new TrackerClients(parts)
  for (const [index, url] of server.urls.entries()) {
    const hash = infoHashFrom(new Uint8Array(20).fill(index))
    const make = (port: number, id: Uint8Array) =>
      new Announcer(
        {
          ...parts,
          tiers: [[url]],
          infoHash: hash,
          peerId: id as typeof peerId,
          progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
          clients,
        },
        { port },
      )
    await using first = make(1_001, new Uint8Array(20).fill(1))
    const replied = first.events({ types: ['tracker-reply'] }).next()
    first.start()
    await replied
    await using second = make(1_002, new Uint8Array(20).fill(2))
    const found = await second.peers().next()
    expect(found.value?.address).toMatchObject({ port: 1_001, family: url.includes('[') ? 6 : 4 })
    expect(await second.scrape()).toMatchObject({ leechers: 2, seeders: 0 })
  }
})
