// Starts a tracker in this process, lets two clients announce to it and find each other, and ends.
// Run: node examples/announce.js

import assert from 'node:assert/strict'
import { infoHashFrom } from '@torrential/primitives'
import { TrackerSource } from '@torrential/tracker'
import { createTrackerServer } from '@torrential/tracker/server'

const server = await createTrackerServer({ host: '127.0.0.1' })
const infoHash = infoHashFrom(new Uint8Array(20).fill(42))

for (const url of server.urls) {
  console.log(`announcing to ${url}`)
  const alice = new TrackerSource([[url]])
  const bob = new TrackerSource([[url]])

  // The first pull announces; nobody else is there yet, so it waits.
  const waiting = alice.peers(infoHash, { port: 6881 }).next()
  while (server.stats.leechers === 0) await new Promise((resolve) => setImmediate(resolve))

  for await (const { address } of bob.peers(infoHash, { port: 6882 })) {
    console.log(`  bob found ${address.host}:${address.port}`)
    assert.equal(address.port, 6881)
    break // says `stopped`
  }
  await Promise.all([alice.close(), bob.close()])
  assert.equal((await waiting).done, true)
  assert.equal(server.stats.leechers, 0)
}

const { announces } = server.stats
console.log(`the tracker answered ${announces.http} announces over HTTP and ${announces.udp} over UDP`)
await server.close()
