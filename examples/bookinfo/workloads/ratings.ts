import { serveBooks } from "./book-service.ts";

serveBooks("ratings", (product) => ({ id: product, ratings: { Reviewer1: 5, Reviewer2: 4 }, mesh: "red-mesh" }));
