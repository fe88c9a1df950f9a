// Classify pictures:  dotnet new console
//                     dotnet add package Microsoft.ML.OnnxRuntime
//                     dotnet add package SixLabors.ImageSharp
//                     dotnet run photo1.jpg photo2.jpg
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

var model = "model.onnx";
string[] classes = ["ants", "bees"];
var threshold = 0f; // where no probability is as large, the picture is none of the classes
var (resize, resizeTo, side, interpolation) = ("squish", 224, 224, "bilinear");
var padColor = Color.FromRgb(0, 0, 0);

using var session = new InferenceSession(model);
foreach (var path in args)
{
    using var picture = Image.Load<Rgba32>(path);
    picture.Mutate(it => Prepare(it.AutoOrient().BackgroundColor(Color.White)));
    var images = new DenseTensor<byte>(new[] { 1, picture.Height, picture.Width, 3 });
    for (var y = 0; y < picture.Height; y++)
        for (var x = 0; x < picture.Width; x++)
        {
            images[0, y, x, 0] = picture[x, y].R;
            images[0, y, x, 1] = picture[x, y].G;
            images[0, y, x, 2] = picture[x, y].B;
        }
    using var results = session.Run(new[] { NamedOnnxValue.CreateFromTensor("images", images) });
    var probabilities = results.First().AsEnumerable<float>().ToArray();
    var best = probabilities.Max();
    var label = best < threshold ? "none of these" : classes[Array.IndexOf(probabilities, best)];
    Console.WriteLine($"{path},{label},{best}");
}

void Prepare(IImageProcessingContext it)
{
    if (resize == "inside") return; // the model does it itself
    var (width, height) = (it.GetCurrentSize().Width, it.GetCurrentSize().Height);
    var factor = resize == "pad" ? (double)side / Math.Max(width, height) : (double)resizeTo / Math.Min(width, height);
    var least = resize == "pad" ? 1 : side;
    var (toWidth, toHeight) = resize == "squish"
        ? (side, side)
        : (Math.Max(least, (int)Math.Round(width * factor)), Math.Max(least, (int)Math.Round(height * factor)));
    it.Resize(toWidth, toHeight, interpolation == "bicubic" ? KnownResamplers.Bicubic : KnownResamplers.Triangle);
    if (resize == "crop") it.Crop(new Rectangle((toWidth - side) / 2, (toHeight - side) / 2, side, side));
    if (resize == "pad") it.Pad(side, side, padColor);
}
