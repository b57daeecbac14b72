// Streams: a file of a torrent goes into an ordinary Node pipeline while it is still being downloaded, the way a web server
// would send it to a player, range and all. Run after the build: node examples/pipe-a-file.js

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createSession } from '@torrential/session'

const folder = await mkdtemp(join(tmpdir(), 'torrential-pipe-'))
const film = randomBytes(8_000_000)
await writeFile(join(folder, 'film.bin'), film)

const seeder = await createSession({ host: '127.0.0.1', port: 0 })
const seed = await seeder.seed(join(folder, 'film.bin'), { pieceLength: 65_536 })
await seed.ready

// Slowly enough that the stream has to wait for pieces.
const leecher = await createSession({ host: '127.0.0.1', port: 0, maxDown: 8_000_000 })
const torrent = await leecher.add(seed.torrentFile, {
  path: join(folder, 'downloads'),
  peers: [`127.0.0.1:${seeder.port}`],
})
const [file] = torrent.files

// A stream of the file is a Readable: what the reader needs next is fetched first, and a slow reader slows nothing but itself.
const server = createServer(async (request, response) => {
  const [, from = '0', to = String(file.length - 1)] = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? '') ?? []
  const range = { start: Number(from), end: Number(to) + 1 }
  response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${file.length}` })
  await pipeline(file.stream(range), response)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}/`

// First the end of the file, as players do to find its index; far from there, nothing has been downloaded yet.
const tail = await (await fetch(url, { headers: { range: 'bytes=7900000-7999999' } })).arrayBuffer()
console.log(`the last ${tail.byteLength} bytes came when ${Math.round(torrent.progress * 100)} % were here`)
assert.deepEqual(Buffer.from(tail), film.subarray(7_900_000))
assert.ok(torrent.progress < 0.5, 'the end came before the rest')

// Then everything, into a hash: any Writable or Transform will do.
const hash = createHash('sha256')
await pipeline(file.stream(), hash)
console.log(`the whole file is ${hash.digest('hex').slice(0, 16)}…`)
assert.equal(torrent.progress, 1)

// Small files are easier still.
assert.deepEqual(Buffer.from(await file.bytes({ start: 10, end: 20 })), film.subarray(10, 20))

server.closeAllConnections()
server.close()
await leecher.close()
await seeder.close()
await rm(folder, { recursive: true })
