// A thread that brings the log of one SQLite file into the file, each time it is told to; started by wal-sync.ts.
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const database = new DatabaseSync(String(workerData));
database.exec("PRAGMA synchronous = NORMAL");

parentPort?.on("message", () => {
  database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // waits for nobody and lets nobody wait
  parentPort?.postMessage("done", []);
});
