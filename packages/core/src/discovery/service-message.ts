import type { AnnouncedPort, AnnouncedService } from "./message.js";

export function equalPorts(a: AnnouncedPort, b: AnnouncedPort): boolean {
  return a.port === b.port && a.name === b.name && a.protocol === b.protocol;
}

function equalLists<Element>(
  a: readonly Element[],
  b: readonly Element[],
  equal: (a: Element, b: Element) => boolean,
): boolean {
  return a.length === b.length && a.every((element, index) => equal(element, b[index] as Element));
}

/**
 * True when two messages say the same in the same order. What checksums cannot see, for they miss doubled elements
 * (10.18), is seen.
 */
export function equalServices(a: AnnouncedService, b: AnnouncedService): boolean {
  return (
    a === b ||
    (a.hostname === b.hostname &&
      a.name === b.name &&
      a.namespace === b.namespace &&
      equalLists(a.servicePorts, b.servicePorts, equalPorts) &&
      equalLists(a.serviceAccounts, b.serviceAccounts, (one, other) => one === other))
  );
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] as string) < text);
}

/**
 * The message with accounts sorted and equal ports and accounts taken once, so that nothing cancels in its checksum
 * (10.18). Ports keep their order. The same object when there is nothing to do.
 */
export function withoutDuplicates<Service extends AnnouncedService>(service: Service): Service {
  const { servicePorts, serviceAccounts } = service;
  const isFirst = (port: AnnouncedPort, index: number) =>
    servicePorts.findIndex((other) => equalPorts(port, other)) === index;
  if (isAscending(serviceAccounts) && servicePorts.every(isFirst)) return service;
  return {
    ...service,
    servicePorts: servicePorts.filter(isFirst),
    serviceAccounts: [...new Set(serviceAccounts)].sort(),
  };
}
