// Events: two sessions in one process, one seeds a folder, the other downloads it, and everything that happens comes out of one
// `for await`. Nothing leaves this machine. Run after the build: node examples/events.js

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession } from '@torrential/session'

const folder = await mkdtemp(join(tmpdir(), 'torrential-events-'))
const data = join(folder, 'shared', 'Holiday')
await mkdir(data, { recursive: true })
await writeFile(join(data, 'film.bin'), randomBytes(3_000_000))
await writeFile(join(data, 'notes.txt'), 'It rained.\n')

// Somebody who has the files …
const seeder = await createSession({ host: '127.0.0.1', port: 0 })
const seed = await seeder.seed(data, { pieceLength: 65_536 })
await seed.ready

// … and somebody who has only the .torrent, and one address to begin with (usually a tracker finds these).
const leecher = await createSession({ host: '127.0.0.1', port: 0 })
const torrent = await leecher.add(seed.torrentFile, {
  path: join(folder, 'downloads'),
  peers: [`127.0.0.1:${seeder.port}`],
})

const counts = new Map()
for await (const event of torrent.events()) {
  counts.set(event.type, (counts.get(event.type) ?? 0) + 1)
  switch (event.type) {
    case 'ready':
      console.log(`ready: ${event.have} of ${event.of} pieces are here already`)
      break
    case 'peer-connected':
      console.log(`connected to ${event.peer.address.host} port ${event.peer.address.port}`)
      break
    case 'file-complete':
      console.log(`complete: ${event.file.path}, ${event.file.length} bytes`)
      break
    case 'error':
      throw event.error
  }
  // Leaving the loop unsubscribes; the torrent goes on (and would seed now).
  if (event.type === 'done') break
}

console.log(`done: ${torrent.stats.downloaded} bytes, ${counts.get('piece')} pieces`)
assert.equal(counts.get('piece'), torrent.pieceCount)
assert.deepEqual(
  await readFile(join(folder, 'downloads', 'Holiday', 'film.bin')),
  await readFile(join(data, 'film.bin')),
)

await leecher.close()
await seeder.close()
await rm(folder, { recursive: true })
