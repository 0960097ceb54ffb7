/** The Kubernetes release whose API this is; kubectl supports one minor release more or less than its own. */
const KUBERNETES_VERSION = { major: "1", minor: "33", patch: "0" } as const;

/** version.Info, as `GET /version` answers it. */
export function versionDocument() {
  const { major, minor, patch } = KUBERNETES_VERSION;
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.${patch}+meshfed`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "node",
    platform: `${process.platform}/${process.arch}`,
  };
}
