// Makes a small tree, a torrent of it, damages one file and finds the damage; then writes the missing pieces back through
// FileStorage. Run: node packages/storage/examples/verify-download.js

import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestPlan, parseTorrent } from '@torrential/metainfo'
import {
  allPieces,
  checkPieces,
  createTorrent,
  FilePieceHasher,
  FileStorage,
  HandlePool,
  MemoryStorage,
} from '@torrential/storage'

const root = await mkdtemp(join(tmpdir(), 'storage-example-'))
await mkdir(join(root, 'album'))
await writeFile(join(root, 'album/one.flac'), Buffer.alloc(3_000_000, 'one'))
await writeFile(join(root, 'album/two.flac'), Buffer.alloc(2_000_000, 'two'))

// 1. Create, with progress.
const creation = createTorrent(join(root, 'album'), { pieceLength: 65_536 })
for await (const { piecesDone, pieces } of creation) if (piecesDone === pieces) console.log(`hashed ${pieces} pieces`)
const metainfo = parseTorrent(await creation.result)

// 2. Check what is on disk.
const handles = new HandlePool()
const { geometry, files } = metainfo
const storage = new FileStorage({ geometry, files, handles }, { path: root })
const plan = digestPlan(metainfo)
const hasher = new FilePieceHasher({ layout: storage, plan })

async function check() {
  const bad = []
  for await (const { piece, ok } of checkPieces({ hasher, plan, pieces: allPieces(geometry) })) if (!ok) bad.push(piece)
  console.log(`${geometry.pieceCount - bad.length} of ${geometry.pieceCount} pieces are right`)
  return bad
}

if ((await check()).length > 0) throw new Error('fresh files must be right')

// 3. Keep a copy in memory, damage the disk, see it, repair it.
const copy = new MemoryStorage({ geometry })
for (const piece of allPieces(geometry)) {
  await copy.write(piece, 0, [await storage.read(piece, 0, geometry.lengthOf(piece))])
}
await truncate(join(root, 'album/two.flac'), 1_000_000)
const bad = await check()
for (const piece of bad) await storage.write(piece, 0, [await copy.read(piece, 0, geometry.lengthOf(piece))])
await storage.flush()
if (bad.length === 0 || (await check()).length > 0) throw new Error('the damage was not found or not repaired')

await storage.deleteFiles()
await handles.close()
await rm(root, { recursive: true })
console.log('found and repaired')
