// Our tracker client against opentracker, and other programs against our tracker server, over HTTP and over UDP each.
//
// In every exchange the two peers know nothing of one another but what the tracker tells them.
import { createPeerId, fromHex, infoHashFrom } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'
import { type AnnounceRequest, TrackerClients } from '@torrential/tracker'
import { createTrackerServer } from '@torrential/tracker/server'
import { expect, jest, test } from '@jest/globals'
import {
  aria2,
  comparePayload,
  type Counterpart,
  Ground,
  libtorrent,
  makeTorrent,
  opentracker,
  startOpentracker,
  torrential,
  until,
  writePayload,
} from '../src/index.ts'
import { smallPieces } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(120_000)

const torrent = makeTorrent(smallPieces)
const schemes = ['http', 'udp'] as const

await suiteWith([opentracker], 'our client and opentracker', () => {
  for (const scheme of schemes) {
    test.concurrent(`announces and scrapes over ${scheme}`, async () => {
      await using ground = await Ground.create()
      const tracker = await startOpentracker(ground, [torrent.infoHash])
      await using clients = new TrackerClients({ clock: systemClock, random: systemRandom })
      const client = clients.clientFor(tracker[scheme])
      if (client === undefined) throw new Error(`no client for ${scheme}`)

      await client.announce(tracker[scheme], announceOf(4001, 0))
      const reply = await client.announce(tracker[scheme], announceOf(4002, 1000))
      const addresses = reply.peers.map(({ address }) => `${address.host}:${address.port}`)
      expect(addresses).toContain('127.0.0.1:4001')
      expect(reply).toMatchObject({ seeders: 1, leechers: 1 })
      expect(reply.interval).toBeGreaterThan(60_000)

      const infoHash = infoHashFrom(fromHex(torrent.infoHash))
      const [scraped] = await client.scrape(tracker[scheme], [infoHash])
      expect(scraped).toMatchObject({ seeders: 1, leechers: 1 })

      await client.announce(tracker[scheme], { ...announceOf(4001, 0), event: 'stopped' })
      const [afterwards] = await client.scrape(tracker[scheme], [infoHash])
      expect(afterwards).toMatchObject({ seeders: 0, leechers: 1 })
    })

    test.concurrent(`refuses a torrent that is not on its whitelist, over ${scheme}, with a coded error`, async () => {
      await using ground = await Ground.create()
      const tracker = await startOpentracker(ground, ['00'.repeat(20)])
      await using clients = new TrackerClients({ clock: systemClock, random: systemRandom })
      const answer = clients.clientFor(tracker[scheme])?.announce(tracker[scheme], announceOf(4001, 0))
      await expect(answer).rejects.toMatchObject({ name: 'SourceError', code: expect.stringMatching(/^TRACKER_/) })
    })

    test.concurrent(`two of our sessions find each other through it over ${scheme}`, async () => {
      await using ground = await Ground.create()
      const tracker = await startOpentracker(ground, [torrent.infoHash])
      await exchange(ground, torrential, torrential, tracker[scheme], () => hasOneSeed(tracker.http))
    })
  }
})

const pairs = [
  [aria2, torrential],
  [torrential, aria2],
  [libtorrent, torrential],
  [torrential, libtorrent],
  [libtorrent, aria2],
  [aria2, libtorrent],
] as const

await suiteWith([libtorrent, aria2], 'other programs and our tracker', () => {
  for (const scheme of schemes) {
    for (const [from, to] of pairs) {
      test.concurrent(`${to.name} finds ${from.name} through it over ${scheme}`, async () => {
        await using ground = await Ground.create()
        const server = ground.own(await createTrackerServer({ host: ground.host, port: 0 }))
        const url = server.urls.find((candidate) => candidate.startsWith(`${scheme}:`))
        if (url === undefined) throw new Error(`our tracker has no URL for ${scheme}`)
        await exchange(ground, from, to, url, () => server.stats.seeders === 1)
        expect(server.stats.announces[scheme]).toBeGreaterThanOrEqual(2)
      })
    }
  }
})

function announceOf(port: number, left: number): AnnounceRequest {
  return {
    infoHash: infoHashFrom(fromHex(torrent.infoHash)),
    peerId: createPeerId(systemRandom),
    port,
    uploaded: 0,
    downloaded: 0,
    left,
    event: 'started',
  }
}

/** Asked without our client; opentracker may close a kept-alive connection under the request. */
async function hasOneSeed(announceUrl: string): Promise<boolean> {
  const url = announceUrl.replace('announce', `scrape?info_hash=${percent(torrent.infoHash)}`)
  const text = await fetch(url)
    .then((reply) => reply.text())
    .catch(() => '')
  return text.includes('completei1e')
}

const percent = (hex: string): string => hex.replace(/../g, '%$&')

/** The leech starts once the tracker knows of the seed: its first announce has to find it. */
async function exchange(
  ground: Ground,
  from: Counterpart,
  to: Counterpart,
  tracker: string,
  seedIsKnown: () => boolean | Promise<boolean>,
): Promise<void> {
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(smallPieces, source)
  const options = { torrent: torrent.bytes, trackers: [tracker] }
  const seed = await from.seed(ground, { ...options, directory: source })
  await until(`the tracker to know ${from.name}`, seedIsKnown, { detail: () => seed.output() })
  const leech = await to.leech(ground, { ...options, directory: target })
  await leech.done()
  await leech.stop()
  await comparePayload(smallPieces, target, { lenient: to !== torrential })
}
