import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Readable by its owner alone. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Creates the directory and its parents; what is created is for its owner alone. */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
}

/**
 * Writes a file with mode 0600 so that every reader, also after a crash, sees the old content or the new one. The file never
 * exists with wider permissions.
 */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", FILE_MODE);
  try {
    await file.writeFile(content);
    // The mode of `open` passes through the umask, which may only have taken rights away; it must be exactly this.
    await chmod(temporary, FILE_MODE);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** The content, or undefined when there is no such file. */
export async function readOptionalFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes a rename durable. Windows cannot open directories, and needs no such thing. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
