import { infoHashFrom, peerAddress } from '@torrential/primitives'
import { peerSourceCompliance } from '@torrential/contracts/compliance'
import { describe, test } from '@jest/globals'
import { createTrackerServer } from '../src/server/index.ts'
import { HttpTracker } from '../src/http-tracker.ts'
import { TrackerSource } from '../src/tracker-source.ts'
import { systemClock } from '@torrential/primitives/system'
import { announceRequest } from './samples.ts'

for (const protocol of ['http', 'udp']) {
  describe(`trackers as a peer source over ${protocol}`, () => {
    const suite = peerSourceCompliance(async () => {
      const server = await createTrackerServer({ host: '127.0.0.1' })
      const url = server.urls.find((candidate) => candidate.startsWith(protocol)) as string
      const client = new HttpTracker({ clock: systemClock })
      const torrents = await Promise.all(
        [1, 2].map(async (byte) => {
          const infoHash = infoHashFrom(new Uint8Array(20).fill(byte))
          const peers = [1, 2, 3].map((n) => peerAddress('127.0.0.1', byte * 1000 + n))
          for (const { port } of peers) {
            await client.announce(server.urls[0] as string, announceRequest({ infoHash, port, peerId: named(port) }))
          }
          return { infoHash, peers }
        }),
      )
      const source = new TrackerSource([[url]])
      return {
        source,
        torrents: [torrents[0]!, torrents[1]!],
        dispose: async () => {
          await source.close()
          await server.close()
        },
      }
    })
    for (const { name, run } of suite) test(name, run)
  })
}

function named(port: number) {
  return Buffer.from(`-XX0000-${String(port).padStart(12, '0')}`) as unknown as ReturnType<
    typeof announceRequest
  >['peerId']
}
