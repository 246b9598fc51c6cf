// Names of resource classes: namespace/name. Pure.

export function namespaceOf(resourceClass: string): string {
  return resourceClass.slice(0, Math.max(0, resourceClass.indexOf('/')));
}

export function namespacesOf(classes: string[]): string[] {
  return [...new Set(classes.map(namespaceOf))].sort();
}
