// What a process that goes on running has used so far, from /proc (Linux): for seeds, which do not end by themselves.
import { readFile } from 'node:fs/promises'

/** CPU seconds since its start and the largest resident set so far. */
export interface Usage {
  readonly cpuSeconds: number
  readonly peakBytes: number
}

// USER_HZ: 100 on every architecture that Node.js runs on.
const ticksPerSecond = 100

/** @throws Error when there is no such process */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1'),
    readFile(`/proc/${pid}/status`, 'latin1'),
  ])
  return parseUsage(stat, status)
}

/** Reads `/proc/PID/stat` (fields 14 and 15) and `/proc/PID/status` (VmHWM). */
export function parseUsage(stat: string, status: string): Usage {
  // The second field is the program's name in parentheses and may contain anything, so counting starts behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)
  const ticks = Number(fields[11]) + Number(fields[12])
  if (Number.isNaN(ticks) || peak === null) throw new Error('unexpected content of /proc')
  return { cpuSeconds: ticks / ticksPerSecond, peakBytes: Number(peak[1]) * 1024 }
}
