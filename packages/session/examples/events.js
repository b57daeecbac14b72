// Seeds a small tree in one session and downloads it in another, both in this process, and prints what the events tell.
// Compares every byte at the end. Run: node packages/session/examples/events.js

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession } from '@torrential/session'

const root = await mkdtemp(join(tmpdir(), 'session-example-'))
await mkdir(join(root, 'album'))
await writeFile(join(root, 'album/one.flac'), Buffer.alloc(3_000_000, 'one'))
await writeFile(join(root, 'album/two.flac'), Buffer.alloc(2_000_000, 'two'))
await writeFile(join(root, 'album/notes.txt'), 'recorded at home\n')

const seeder = await createSession({ host: '127.0.0.1', port: 0 })
const leecher = await createSession({ host: '127.0.0.1', port: 0 })
try {
  const seed = await seeder.seed(join(root, 'album'), { pieceLength: 65_536 })
  await seed.done
  console.log(`seeding ${seed.infoHash} on port ${seeder.port}`)

  const torrent = await leecher.add(seed.torrentFile, {
    path: join(root, 'copy'),
    peers: [`127.0.0.1:${seeder.port}`],
  })
  for await (const event of torrent.events()) {
    if (event.type === 'peer-connected') console.log(`connected to ${event.peer.address.host} over ${event.peer.via}`)
    if (event.type === 'piece' && event.have % 20 === 0) console.log(`${event.have} of ${event.of} pieces`)
    if (event.type === 'file-complete') console.log(`${event.file.path} is complete`)
    if (event.type === 'error') throw event.error
    if (event.type === 'done') break
  }
  console.log(`the notes say: ${(await torrent.files.find(({ name }) => name === 'notes.txt').text()).trim()}`)
  for (const { path } of torrent.files) {
    const [original, copy] = await Promise.all([readFile(join(root, path)), readFile(join(root, 'copy', path))])
    if (!original.equals(copy)) throw new Error(`${path} differs`)
  }
  console.log(`${torrent.downloaded} bytes downloaded, all of them right`)
} finally {
  // From Node 24 on, and in TypeScript, `await using` does this by itself.
  await Promise.all([seeder.close(), leecher.close()])
  await rm(root, { recursive: true, force: true })
}
