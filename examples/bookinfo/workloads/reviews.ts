import { serveBooks } from "./book-service.ts";

serveBooks("reviews", (product) => ({
  id: product,
  reviews: [
    { reviewer: "Reviewer1", text: "A classic." },
    { reviewer: "Reviewer2", text: "Worth reading twice." },
  ],
  mesh: "red-mesh",
}));
