// One seed, twenty leeches and a liar in virtual time. Give a seed for the dice to see another story.
// Run: node examples/swarm.js [seed]

import { SimulatedSwarm } from '@torrential/simulation'

const seed = Number(process.argv[2] ?? 42)
const swarm = new SimulatedSwarm({ seed, pieces: 64 })
const source = swarm.addSeed({ up: 2_000_000 })
const liar = swarm.addSeed({ name: 'liar', up: 1_000_000, lies: 0.05 })
const leeches = Array.from({ length: 20 }, () => swarm.addPeer())
swarm.connectAll()

console.log(`seed ${seed}: ${leeches.length} leeches, ${swarm.geometry.length} bytes`)
const done = swarm.run(600_000, () => leeches.every((peer) => peer.isComplete))
for (const peer of leeches) {
  const { downloaded, uploaded, wasted } = peer.engine.stats
  const at = (peer.trace.pieces.at(-1)?.at ?? Number.NaN) / 1_000
  console.log(`${peer.name}: ${at.toFixed(1)} s, ${downloaded} down, ${uploaded} up, ${wasted} wasted`)
}
const accusers = leeches.filter((peer) => peer.engine.isBanned(liar.address)).length
const wronged = leeches.filter((peer) => peer.engine.isBanned(source.address)).length
console.log(`${accusers} of ${leeches.length} found the liar, ${wronged} blamed the honest seed`)
if (!done || accusers === 0 || wronged > 0) process.exitCode = 1
