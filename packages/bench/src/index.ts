// Contests
export type { Contest, Contestant, Result, Round } from './contest.ts'
export { runContest } from './contest.ts'
// Measuring
export type { Command, MeasureOptions, Measurement } from './measured-run.ts'
export { measure, parseFigures, parseValues, timeAvailable } from './measured-run.ts'
export type { Usage } from './process-usage.ts'
export { parseUsage, usageOf } from './process-usage.ts'
export { OthersWatch } from './others-watch.ts'
export type { Machine } from './machine.ts'
export { BUSY_THRESHOLD, describeMachine, requireSpace } from './machine.ts'
// Figures
export type { Summary } from './statistics.ts'
export { rotated, spread, summarize } from './statistics.ts'
export type { Column, Row } from './table.ts'
export { formatTable, formatVerdicts, mostDisturbed, ownColumn, rowsOf, USUAL_COLUMNS } from './table.ts'
export type { Goal, Verdict } from './goal.ts'
export { judge } from './goal.ts'
// Workloads
export type { Prepared, Stage, Workload } from './workload.ts'
export { WORKLOADS } from './workloads/index.ts'
export type { Outcome, RunSettings } from './run-workload.ts'
export { describeOutcome, outcomeAsJson, runWorkload } from './run-workload.ts'
export { DelayProxy } from './delay-proxy.ts'
export type { Announce, Began, Load } from './announce-load.ts'
export { announceOverHttp, announceOverUdp } from './announce-load.ts'
// The command
export { main } from './main.ts'
export { parseSize } from './parse-size.ts'
