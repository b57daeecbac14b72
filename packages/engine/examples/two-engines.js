// Two engines, a seed and a leech, joined by hand: no socket, no disk, no clock but the one in this file.
// Run: node examples/two-engines.js

import { SwarmEngine } from '@torrential/engine'
import { Bitfield, createPeerId, Geometry, peerAddress, SeededRandom } from '@torrential/primitives'

const geometry = new Geometry('v1', 64 * 1024, [{ length: 5_000_000 }])
const random = new SeededRandom(1)
const capabilities = { extensions: true, fast: true, dht: false, v2: false }
const content = new Uint8Array(128 * 1024)

const seed = new SwarmEngine({ geometry, have: Bitfield.full(geometry.pieceCount), random })
const leech = new SwarmEngine({ geometry, have: new Bitfield(geometry.pieceCount), random })

let now = 0
const said = { seed: [], leech: [] }

/** Performs everything that an engine wants done; `me` and `other` name the two ends of the one connection, key 1 on both. */
function perform(engine, me, other) {
  for (let action = engine.next(); action !== undefined; action = engine.next()) {
    if (action.type === 'send') said[other].push(action.message)
    else if (action.type === 'send-haves') said[other].push(...action.pieces.map((piece) => ({ type: 'have', piece })))
    else if (action.type === 'commit')
      engine.committed(action.piece, now) // here the piece would be hashed and written
    else if (action.type === 'upload-ready') upload(engine, other)
    else if (action.type === 'close') console.log(`${me} closes: ${action.error.code}`)
    else if (action.type === 'event') console.log(`${me}: ${action.event.type}`)
  }
}

function upload(engine, other) {
  for (let block = engine.nextUpload(1, now); block !== undefined; block = engine.nextUpload(1, now)) {
    const { piece, offset, length } = block
    said[other].push({ type: 'piece', piece, offset, block: content.subarray(0, length) })
    engine.uploaded(1, length, now)
  }
}

const info = (host) => ({
  peerId: createPeerId(random),
  capabilities,
  address: peerAddress(host, 6881),
  incoming: false,
})
seed.connected(1, info('10.0.0.2'), now)
leech.connected(1, info('10.0.0.1'), now)

while (!leech.have.isComplete) {
  now += 10
  perform(seed, 'seed', 'leech')
  perform(leech, 'leech', 'seed')
  seed.received(1, said.seed.splice(0), now)
  leech.received(1, said.leech.splice(0), now)
  if (seed.deadline <= now) seed.tick(now)
  if (leech.deadline <= now) leech.tick(now)
}
perform(leech, 'leech', 'seed')

const { downloaded, wasted, piecesHave } = leech.stats
console.log(`${piecesHave} pieces, ${downloaded} bytes, ${wasted} wasted, ${now} virtual milliseconds`)
if (downloaded !== geometry.length || wasted !== 0) process.exitCode = 1
