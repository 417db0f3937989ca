import { addressScope, refuseAddress } from "@bt/tracker";
import { describe, expect, it } from "vitest";

describe("the scope of an address", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["0.0.0.0", "loopback"],
    ["::1", "loopback"],
    ["::", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["64:ff9b::7f00:1", "loopback"],
    ["::7f00:1", "loopback"],
    ["10.1.2.3", "local"],
    ["172.16.0.1", "local"],
    ["172.31.255.255", "local"],
    ["172.32.0.1", "global"],
    ["192.168.1.13", "local"],
    ["100.64.0.1", "local"],
    ["100.128.0.1", "global"],
    ["169.254.1.1", "local"],
    ["169.254.169.254", "metadata"],
    ["::ffff:169.254.169.254", "metadata"],
    ["fd00:ec2::254", "metadata"],
    ["fd00:ec2::253", "local"],
    ["fe80::1", "local"],
    ["fe80::1%eth0", "local"],
    ["224.0.0.1", "unusable"],
    ["255.255.255.255", "unusable"],
    ["ff02::1", "unusable"],
    ["8.8.8.8", "global"],
    ["2001:db8::1", "global"],
  ] as const)("of %s is %s", (address, scope) => {
    expect(addressScope(address)).toBe(scope);
  });

  it("is not defined for names", () => {
    expect(addressScope("localhost")).toBeUndefined();
    expect(addressScope("1.2.3")).toBeUndefined();
    expect(addressScope("")).toBeUndefined();
  });
});

describe("an address that a stranger's URL leads to", () => {
  const direct = { path: "/announce", comesFromGlobal: false };

  it("may be this machine only for a tracker's path", () => {
    expect(refuseAddress("127.0.0.1", direct)).toBeUndefined();
    expect(refuseAddress("::1", { ...direct, path: "/announce.php" })).toBeUndefined();
    expect(refuseAddress("127.0.0.1", { ...direct, path: "/scrape" })).toBeUndefined();
    expect(refuseAddress("127.0.0.1", { ...direct, path: "/admin/announce" })).toBe("loopback-path");
    expect(refuseAddress("::ffff:127.0.0.1", { ...direct, path: "/" })).toBe("loopback-path");
  });

  it("may be in this network unless the internet redirects there", () => {
    expect(refuseAddress("192.168.0.1", { path: "/t", comesFromGlobal: false })).toBeUndefined();
    for (const address of ["192.168.0.1", "127.0.0.1", "fe80::1", "100.64.0.1"]) {
      expect(refuseAddress(address, { ...direct, comesFromGlobal: true })).toBe("redirect-inward");
    }
    expect(refuseAddress("9.9.9.9", { ...direct, comesFromGlobal: true })).toBeUndefined();
  });

  it("is never a metadata service, a group of hosts or no address", () => {
    expect(refuseAddress("169.254.169.254", direct)).toBe("metadata");
    expect(refuseAddress("239.1.1.1", direct)).toBe("unusable");
    expect(refuseAddress("nonsense", direct)).toBe("unusable");
  });
});
