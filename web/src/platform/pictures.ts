/** Makes the square picture that shows a person of whatever picture they picked. */

/** Large enough for the largest place it stands in, on a fine screen. */
const SIDE = 384;

/** Cut the middle out, at most `SIDE` wide.  Rejects for what is no picture. */
export async function squareOf(file: Blob, side = SIDE): Promise<File> {
  const picture = await createImageBitmap(file);
  const edge = Math.min(picture.width, picture.height);
  const width = Math.min(edge, side);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = width;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - edge) / 2, (picture.height - edge) / 2, edge, edge, 0, 0, width, width);
  picture.close();
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/webp", 0.86));
  if (!made) throw new Error("no picture");
  return new File([made], "avatar.webp", { type: made.type });
}
