#!/usr/bin/env node
// Kills a download from libtorrent again and again and says what was lost:
//   node packages/interop/bin/kill-trial.js [KILLS [MIB [SEED [each]]]]        100 kills of a download of 1,024 MiB unless told otherwise
// One download is killed until it is complete, then the next; with `each` the start after every kill runs to its end.
import { killTrial, libtorrent } from '@torrential/interop'

const finish = process.argv[5] === 'each' ? 'each' : 'last'
const [kills = 100, mib = 1024, seed = 1] = process.argv.slice(2, 5).map(Number)
console.log(`${kills} kills, ${mib} MiB, seed ${seed}`)
let count = 0
const { kills: reports, completed } = await killTrial({
  from: libtorrent,
  kills,
  length: mib * 1024 * 1024,
  seed,
  finish,
  onKill: ({ right, lost, wrong, hashed }) =>
    console.log(`${++count}: ${right} pieces right, ${lost} lost, ${wrong} wrong, ${hashed} to be hashed`),
})
const most = Math.max(...reports.map(({ lost }) => lost))
const wrong = reports.reduce((sum, report) => sum + report.wrong, 0)
console.log(
  `${reports.length} kills: ${wrong} false pieces, at most ${most} lost in one; ${completed} downloads complete, every byte right`,
)
process.exitCode = wrong === 0 && most <= 64 ? 0 : 1
