// Composing: a downloader of its own, built from the parts and without a session. Messages of a peer become blocks, blocks become
// pieces, good pieces go to disk: a pipeline of small generators, joined with it-pipe. The seed is another one, which needs
// nothing but the codec. Run after the build: node examples/compose.js

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier, parseTorrent } from '@torrential/metainfo'
import { createPeerId, peerAddress } from '@torrential/primitives'
import { systemRandom } from '@torrential/primitives/system'
import { encodeHandshake, encodeMessage, HandshakeDecoder, MessageDecoder } from '@torrential/protocol'
import { createTorrent, FileStorage, HandlePool } from '@torrential/storage'
import { TcpTransport } from '@torrential/transport'
import { connectWire, Wire } from '@torrential/wire'
import { pipe } from 'it-pipe'

const folder = await mkdtemp(join(tmpdir(), 'torrential-compose-'))
await mkdir(join(folder, 'from', 'Box'), { recursive: true })
await writeFile(join(folder, 'from', 'Box', 'a.bin'), randomBytes(700_000))
await writeFile(join(folder, 'from', 'Box', 'b.bin'), randomBytes(300_001))

const metainfo = parseTorrent(await createTorrent(join(folder, 'from', 'Box'), { pieceLength: 65_536 }).result)
const { geometry, files, infoHash } = metainfo
const handles = new HandlePool()
const storageIn = (name) => new FileStorage({ geometry, files, handles }, { path: join(folder, name) })
const greeting = () => ({
  infoHash,
  peerId: createPeerId(systemRandom),
  capabilities: { extensions: false, fast: true, dht: false, v2: false },
})

// ---- The seed: bytes → messages → answers → bytes.

async function* messagesOf(source) {
  const handshake = new HandshakeDecoder()
  const decoder = new MessageDecoder()
  for await (const chunk of source) {
    const used = handshake.handshake === undefined ? handshake.push(chunk) : 0
    if (used < chunk.length) yield* decoder.push(chunk.subarray(used))
  }
}

const answersFrom = (storage) =>
  async function* (messages) {
    yield encodeHandshake(greeting())
    yield encodeMessage({ type: 'have-all' })
    yield encodeMessage({ type: 'unchoke' })
    for await (const message of messages) {
      if (message.type !== 'request') continue
      // The one gate from a peer's numbers to ours: a block that is not in the torrent ends here.
      const block = geometry.block(message.piece, message.offset, message.length)
      if (block === undefined) return
      const bytes = await storage.read(block.piece, block.offset, block.length)
      yield encodeMessage({ type: 'piece', piece: block.piece, offset: block.offset, block: bytes })
    }
  }

const into = (duplex) => async (source) => {
  for await (const chunk of source) {
    if (!duplex.write(chunk)) await new Promise((resolve) => duplex.once('drain', resolve).once('close', resolve))
  }
  duplex.end()
}

// ---- The leech: messages → blocks → pieces → verified pieces → disk.

async function* blocksOf(batches) {
  for await (const batch of batches) {
    for (const message of batch) if (message.type === 'piece') yield message
  }
}

async function* piecesOf(blocks) {
  const gathering = new Map()
  for await (const { piece, offset, block } of blocks) {
    const ref = geometry.block(piece, offset, block.length)
    if (ref === undefined) throw new Error('the peer sent what nobody asked for')
    const parts = gathering.get(piece) ?? []
    gathering.set(piece, parts)
    parts[offset / 16_384] = block
    if (parts.filter(Boolean).length < geometry.blocksIn(ref.piece)) continue
    gathering.delete(piece)
    yield { piece: ref.piece, blocks: parts }
  }
}

const verifiedBy = (verifier) =>
  async function* (pieces) {
    for await (const { piece, blocks } of pieces) {
      if (!verifier.verify(piece, blocks)) throw new Error(`piece ${piece} is not what it should be`)
      yield { piece, blocks }
    }
  }

async function download(address, storage) {
  const wire = new Wire()
  connectWire(wire, await transport.dial(address))
  await wire.handshake(greeting())
  wire.pieceCount = geometry.pieceCount
  wire.send({ type: 'interested' })
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = geometry.piece(index)
    for (let number = 0; number < geometry.blocksIn(piece); number++) {
      wire.send({ type: 'request', ...geometry.blockAt(piece, number) })
    }
  }
  let written = 0
  await pipe(wire.receive(), blocksOf, piecesOf, verifiedBy(createVerifier(metainfo)), async (pieces) => {
    for await (const { piece, blocks } of pieces) {
      await storage.write(piece, 0, blocks)
      if (++written === geometry.pieceCount) break
    }
  })
  await wire.close()
  return written
}

// ---- Both of them, over TCP.

const transport = new TcpTransport()
const listener = await transport.listen(peerAddress('127.0.0.1', 0))
const source = storageIn('from')
const seeding = (async () => {
  for await (const { stream } of listener) {
    return pipe(stream.duplex, messagesOf, answersFrom(source), into(stream.duplex)).catch(() => {})
  }
})()

const target = storageIn('to')
const written = await download(listener.address, target)
await target.flush()
await seeding
// The padding of a hybrid torrent is in its pieces, and never on disk.
const stored = files.filter(({ pad }) => !pad)
console.log(`${written} pieces of ${geometry.pieceLength} bytes, ${metainfo.length} bytes in ${stored.length} files`)

for (const { path } of stored) {
  assert.deepEqual(await readFile(join(folder, 'to', path)), await readFile(join(folder, 'from', path)))
}
console.log('both folders are the same')

await source[Symbol.asyncDispose]()
await target[Symbol.asyncDispose]()
await handles[Symbol.asyncDispose]()
await transport[Symbol.asyncDispose]()
await rm(folder, { recursive: true })
