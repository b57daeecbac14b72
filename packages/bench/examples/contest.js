// A contest of two commands that have nothing to do with BitTorrent: who starts faster?
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable, measure, runContest, timeAvailable } from '@torrential/bench'

const available = timeAvailable()
if (available === true) await contest()
else console.log(`not run: ${available}`)

async function contest() {
  const folder = await mkdtemp(join(tmpdir(), 'contest-'))
  try {
    const results = await runContest({
      contestants: [
        contestant('node', { command: process.execPath, args: ['-e', ''] }),
        contestant('sh', { command: '/bin/sh', args: ['-c', 'true'] }),
      ],
      runs: 3,
      folder,
      deadline: 10_000,
      makeTarget: () => mkdtemp(join(folder, 'run-')),
      verify: async () => {},
      report: (name, round, { wallSeconds }) => console.log(`${name}, run ${round}: ${wallSeconds.toFixed(3)} s`),
    })
    console.log(formatTable(results, 'node'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function contestant(name, command) {
  return { name, run: ({ figures, deadline }) => measure(command, { figures, deadline }) }
}
