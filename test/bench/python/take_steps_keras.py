"""Trains one network with Keras on TensorFlow, in graph mode, when it is its turn: `take_steps_keras.py JOB`, as JSON."""

import json
import os
import sys
import time

started_at = time.perf_counter()
os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from turns import serve  # noqa: E402

BLOCKS = {"resnet18": [2, 2, 2, 2], "resnet34": [3, 4, 6, 3], "resnet50": [3, 4, 6, 3], "resnet152": [3, 8, 36, 3]}
STAGES = {"conv3": 2, "conv4": 3}


def main(job: dict) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(job["threads"])
    side = job["imageSize"]
    entry = keras.Input((side, side, 1), batch_size=job["batchSize"])
    features = encode(entry, job["encoder"], STAGES[job["cut"]])
    is_regression = job["loss"] == "regression"
    model = keras.Model(entry, (regression if is_regression else classification)(features, job))
    loss = "mse" if is_regression else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(job["learningRate"], epsilon=1e-8)
    model.compile(optimizer, loss, jit_compile=False)  # XLA is slower on CPUs
    lightness, target = batch(job)

    serve(
        lambda: float(model.train_on_batch(lightness, target)),
        job["batchSize"],
        f"keras {keras.__version__} on tensorflow {tf.__version__}, graph mode",
        started_at,
    )


def convolution(x, channels: int, kernel: int, stride: int = 1, bias: bool = False):
    """With PyTorch's padding, which differs from `same` at stride 2."""
    if stride > 1 and kernel > 1:
        x, padding = layers.ZeroPadding2D(kernel // 2)(x), "valid"
    else:
        padding = "same"
    return layers.Conv2D(channels, kernel, stride, padding, use_bias=bias, kernel_initializer="he_normal")(x)


def normalised(x, is_activated: bool = True):
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(y) if is_activated else y


def encode(x, name: str, stages: int):
    x = normalised(convolution(x, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    block = basic_block if name in ("resnet18", "resnet34") else bottleneck
    for stage, blocks in enumerate(BLOCKS[name][:stages]):
        for index in range(blocks):
            x = block(x, 64 * 2**stage, 2 if stage > 0 and index == 0 else 1)
    return x


def basic_block(x, width: int, stride: int):
    y = normalised(convolution(x, width, 3, stride))
    y = normalised(convolution(y, width, 3), is_activated=False)
    return joined(x, y, width, stride)


def bottleneck(x, width: int, stride: int):
    y = normalised(convolution(x, width, 1))
    y = normalised(convolution(y, width, 3, stride))
    y = normalised(convolution(y, 4 * width, 1), is_activated=False)
    return joined(x, y, 4 * width, stride)


def joined(x, y, channels: int, stride: int):
    if stride > 1 or x.shape[-1] != channels:
        x = normalised(convolution(x, channels, 1, stride), is_activated=False)
    return layers.ReLU()(layers.Add()([x, y]))


def decoder_block(x, channels: int, kernel: int):
    return normalised(convolution(x, channels, kernel, bias=True))


def up(x):
    return layers.UpSampling2D(2)(x)


def regression(x, job: dict):
    for channels in (128, 64, 32):
        x = up(decoder_block(x, channels, 3))
    return up(layers.Activation(job["outputActivation"])(convolution(x, 2, 3, bias=True)))


def classification(x, job: dict):
    is_full = job["headResolution"] == "full"
    x = decoder_block(up(x), 64, 3)
    x = decoder_block(up(x) if is_full else x, 500, 3)
    x = decoder_block(up(x) if is_full else x, 1000, job["headKernel"])
    return convolution(x, job["bins"], job["headKernel"], bias=True)


def batch(job: dict) -> tuple[tf.Tensor, tf.Tensor]:
    """As the network takes it: nothing is decoded, converted or encoded in the measured time."""
    random = np.random.default_rng(0)
    images, side = job["batchSize"], job["imageSize"]
    lightness = tf.constant(random.random((images, side, side, 1), np.float32) - 0.5)
    if job["loss"] == "regression":
        return lightness, tf.constant(random.random((images, side, side, 2), np.float32) - 0.5)
    out = side if job["headResolution"] == "full" else side // 4
    return lightness, tf.constant(random.integers(job["bins"], size=(images, out, out)), tf.int32)


main(json.loads(sys.argv[1]))
