// What one block costs in the engine, outside of jest: a seed that answers every request at once, in batches of a socket read.
// Run after the build: node packages/engine/bench/blocks.js [peers] [MiB] [pieceLength]

import { SwarmEngine } from '@torrential/engine'
import { Bitfield, BLOCK_LENGTH, Geometry, peerAddress, SeededRandom } from '@torrential/primitives'

const [peerCount = 1, mebibytes = 2048, pieceLength = 1024 * 1024] = process.argv.slice(2).map(Number)
const geometry = new Geometry('v1', pieceLength, [{ length: mebibytes * 1024 * 1024 }])
const engine = new SwarmEngine({
  geometry,
  have: new Bitfield(geometry.pieceCount),
  random: new SeededRandom(1),
})
const capabilities = { extensions: false, fast: true, dht: false, v2: false }
const block = new Uint8Array(BLOCK_LENGTH)
const queues = new Map()
let now = 0
let blocks = 0
let deepest = 0
const verdicts = []
const runs = []

for (let key = 1; key <= peerCount; key++) {
  queues.set(key, [])
  const address = peerAddress(`10.0.${key >> 8}.${key & 255}`, 6881)
  engine.connected(key, { peerId: new Uint8Array(20), capabilities, address, incoming: false }, now)
  engine.received(key, [{ type: 'have-all' }, { type: 'unchoke' }], now)
}
const before = process.cpuUsage()
while (!engine.have.isComplete) {
  for (let action = engine.next(); action !== undefined; action = engine.next()) {
    if (action.type === 'commit' || action.type === 'verify') verdicts.push(action.piece)
    if (action.type === 'write') runs.push([action.piece, action.offset, action.blocks.length * BLOCK_LENGTH])
    if (action.type === 'send' && action.message.type === 'request') queues.get(action.peer).push(action.message)
  }
  for (const [piece, offset, length] of runs.splice(0)) engine.written(piece, offset, length, now)
  for (const piece of verdicts.splice(0)) engine.committed(piece, now)
  for (const [key, queue] of queues) {
    if (queue.length > deepest) deepest = queue.length
    const batch = queue.splice(0, 4).map(({ piece, offset }) => ({ type: 'piece', piece, offset, block }))
    blocks += batch.length
    if (batch.length > 0) engine.received(key, batch, now)
  }
  now += 0.05
  if (engine.deadline <= now) engine.tick(now)
}
const { user, system } = process.cpuUsage(before)
const perBlock = (user + system) / blocks
console.log(
  `${blocks} blocks from ${peerCount} peers: ${perBlock.toFixed(2)} µs of CPU per block, deepest pipeline ${deepest}`,
)
